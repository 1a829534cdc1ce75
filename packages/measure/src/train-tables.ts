import { BYTES_PER_VALUE, type Matrix, type StoredMatrix } from "@revocab/core";
import { openScratchFile, type ScratchFile } from "@revocab/files/internal";
import { encodeInto, matrixInFile, matrixOfBytes, replacedRows } from "@revocab/matrix";
import type { RowsThatChanged, TrainingReport, TrainRowsOptions } from "@revocab/rows-training";
import type { ModelTables } from "@revocab/transformer-runtime";

/** Tables with trained rows. Their other rows are read from the tables that training began with. */
export interface TrainedTables {
  readonly tables: ModelTables;
  readonly training: TrainingReport;
  close(): Promise<void>;
}

/**
 * Trains rows of tables that are not written.
 * @param reserve says where trained rows of so many bytes are kept: in memory, or in a scratch file that is gone with the process
 * @throws RevocabError as `trainRows` does; `no_space`, `write_failed` for a scratch file
 */
export async function trainTables(
  options: TrainRowsOptions,
  reserve: (bytes: number) => "memory" | "file",
): Promise<TrainedTables> {
  const { trainRows } = await import("@revocab/rows-training");
  const { tables: trained, report } = await trainRows(options);
  const { input, output } = options.tables;
  const bytesOf = ({ rows }: RowsThatChanged, { dtype }: StoredMatrix) =>
    rows.data.length * BYTES_PER_VALUE[dtype];
  let bytes = 0;
  for (const [slot, changed] of trained) bytes += bytesOf(changed, slot === "input" ? input : output);
  const file = reserve(bytes) === "file" ? await openScratchFile("rows", bytes) : undefined;
  let position = 0;
  const withTrained = async (table: StoredMatrix, slot: string): Promise<StoredMatrix> => {
    const changed = trained.get(slot);
    if (changed === undefined) return table;
    const rows = await storeRows(changed.rows, table, file, position);
    position += bytesOf(changed, table);
    return replacedRows(table, changed.ids, rows);
  };
  try {
    const newInput = await withTrained(input, "input");
    const newOutput = output === input ? newInput : await withTrained(output, "output");
    const tables = { ...options.tables, input: newInput, output: newOutput };
    return { tables, training: report, close: async () => file?.close() };
  } catch (error) {
    await file?.close();
    throw error;
  }
}

/** Rows in the number format of a table, in memory or in a file from `position` on. */
async function storeRows(
  { rows, columns, data }: Matrix,
  { dtype }: StoredMatrix,
  file: ScratchFile | undefined,
  position: number,
): Promise<StoredMatrix> {
  const bytes = new Uint8Array(data.length * BYTES_PER_VALUE[dtype]);
  encodeInto(dtype, data, bytes);
  if (file === undefined) return matrixOfBytes({ rows, columns, dtype }, bytes);
  await file.write(bytes, position);
  return matrixInFile({ rows, columns, dtype }, file, position);
}
