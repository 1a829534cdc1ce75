import { BYTES_PER_VALUE, type Job, type StoredMatrix } from "@revocab/core";
import { openScratchFile, type ScratchFile } from "@revocab/files/internal";
import { collectBlocks, matrixInFile, type ProductBlock } from "@revocab/matrix";
import type { ModelTables } from "@revocab/transformer-runtime";
import { countTableBytes, sourceOf, tablePlan } from "./check-fit.ts";
import type { OpenModel } from "./model/open-model.ts";
import { produceRows } from "./produce-rows.ts";
import type { PlannedSwap } from "./swap-plan.ts";

/** The tables of a target model that is not written. */
export interface ProducedTables {
  readonly tables: ModelTables;
  close(): Promise<void>;
}

export interface ProduceTablesOptions {
  /** Memory, or a scratch file that is gone with the process. */
  readonly place: "memory" | "file";
  readonly job?: Job;
}

/**
 * Computes the tables of the target model, byte for byte those that would be written.
 * @throws RevocabError `no_space`, `write_failed` for a scratch file; what computing rows throws
 */
export async function produceTables(
  planned: PlannedSwap,
  model: OpenModel,
  { place, job }: ProduceTablesOptions,
): Promise<ProducedTables> {
  const { plan, rowSource } = planned;
  const file =
    place === "file" ? await openScratchFile("tables", countTableBytes(plan, model).after) : undefined;
  let position = 0;
  const produce = async (slot: string): Promise<StoredMatrix> => {
    const source = sourceOf(model, slot);
    const shape = { rows: plan.target.rows, columns: source.columns, dtype: source.dtype };
    const rows = (write: (block: ProductBlock) => Promise<void>) =>
      produceRows(tablePlan(plan, slot), rowSource, source, write, job);
    if (file === undefined) return collectBlocks(shape, rows);
    const start = position;
    position += bytesOf(shape);
    return blocksInFile(shape, rows, file, start);
  };
  const has = (slot: string) => plan.tables.some((table) => table.slot === slot);
  try {
    const input = await produce("input");
    const output = has("output") ? await produce("output") : input;
    const bias = has("output.bias") ? await produce("output.bias") : undefined;
    return { tables: { input, output, ...(bias && { bias }) }, close: async () => file?.close() };
  } catch (error) {
    await file?.close();
    throw error;
  }
}

type Shape = Pick<StoredMatrix, "rows" | "columns" | "dtype">;

function bytesOf({ rows, columns, dtype }: Shape): number {
  return rows * columns * BYTES_PER_VALUE[dtype];
}

/** The matrix that `produce` delivers in blocks, in a file from `position` on. */
async function blocksInFile(
  shape: Shape,
  produce: (onBlock: (block: ProductBlock) => Promise<void>) => Promise<void>,
  file: ScratchFile,
  position: number,
): Promise<StoredMatrix> {
  const { columns, dtype } = shape;
  const rowBytes = bytesOf({ rows: 1, columns, dtype });
  await produce(async ({ startRow, startColumn, bytes, ...block }) => {
    const start = position + startRow * rowBytes + startColumn * BYTES_PER_VALUE[dtype];
    if (block.columns === columns) return file.write(bytes, start);
    const pieceBytes = bytes.length / block.rows;
    for (let row = 0; row < block.rows; row++) {
      await file.write(bytes.subarray(row * pieceBytes, (row + 1) * pieceBytes), start + row * rowBytes);
    }
  });
  return matrixInFile(shape, file, position);
}
