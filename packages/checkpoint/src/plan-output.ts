import { BYTES_PER_VALUE, RevocabError, type Role, showText } from "@revocab/core";
import type { CheckpointTable } from "./find-tables.ts";
import type { Checkpoint } from "./open-checkpoint.ts";
import { buildHeader, type SafetensorsFile } from "./safetensors-header.ts";
import type { TensorLocation } from "./tensor-location.ts";

/** Bytes that move unchanged from a source file into the file that replaces it. */
export interface CopiedRange {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

/** One weight file to write. */
export interface PlannedFile {
  readonly source: SafetensorsFile;
  /** Length word and JSON; undefined for a file that stays as it is, byte for byte. */
  readonly header: Uint8Array | undefined;
  readonly bytes: number;
  readonly copied: readonly CopiedRange[];
}

/** One table to write, and every place where it goes. */
export interface PlannedTable {
  readonly slot: string;
  readonly role: Role;
  readonly isBias: boolean;
  readonly rows: number;
  readonly rowBytes: number;
  readonly columns: number;
  readonly targets: readonly { readonly file: number; readonly position: number }[];
}

export interface PlannedOutput {
  readonly files: readonly PlannedFile[];
  readonly tables: readonly PlannedTable[];
  /** Tensors that the source did not have, by the file they are added to. */
  readonly added: ReadonlyMap<string, string>;
}

interface NewTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly length: number;
  /** The first source byte of a tensor that is copied. */
  readonly from?: number;
  readonly slot?: string;
}

/**
 * Where every byte of the new files comes from. Pure: nothing is read or written.
 * @throws RevocabError `bad_options`, `unsupported_checkpoint` (untie)
 */
export function planOutput(checkpoint: Checkpoint, rows: number, untie: boolean): PlannedOutput {
  if (!Number.isSafeInteger(rows) || rows < 1) {
    throw new RevocabError("bad_options", `rows is ${rows}; a count of at least 1 was expected`);
  }
  const tables = slotTables(checkpoint, untie);
  const slotOf = new Map<string, string>();
  for (const table of tables) for (const { entry } of table.tensors) slotOf.set(entry.name, table.slot);
  const targets = new Map(tables.map((table) => [table.slot, [] as { file: number; position: number }[]]));
  const added = new Map<string, string>();

  const files = checkpoint.files.map((source, index): PlannedFile => {
    const tensors = newTensors(source, checkpoint, slotOf, rows, untie, added);
    if (tensors.every((tensor) => tensor.slot === undefined)) {
      return { source, header: undefined, bytes: source.bytes, copied: [] };
    }
    const header = buildHeader(tensors, source.metadata);
    const copied: { from: number; to: number; length: number }[] = [];
    let position = header.length;
    for (const { slot, from, length } of tensors) {
      const last = copied.at(-1);
      if (slot !== undefined) targets.get(slot)!.push({ file: index, position });
      else if (last !== undefined && last.from + last.length === from && last.to + last.length === position) {
        last.length += length;
      } else if (length > 0) copied.push({ from: from!, to: position, length });
      position += length;
    }
    return { source, header, bytes: position, copied };
  });
  return { files, tables: tables.map((table) => planTable(table, rows, targets.get(table.slot)!)), added };
}

type SlotTable = Pick<CheckpointTable, "slot" | "role" | "isBias" | "matrix" | "tensors">;

/** The tables of the new model: untying parts the head's tensors, stored or new, from the input's. */
function slotTables(checkpoint: Checkpoint, untie: boolean): readonly SlotTable[] {
  if (!untie) return checkpoint.tables;
  const { headName, tied, directory, untieForbidden } = checkpoint;
  if (!tied) {
    throw new RevocabError("bad_options", `${showText(directory)} cannot be untied: its head is not tied`, {
      hint: "leave untie out",
    });
  }
  if (untieForbidden !== undefined || headName === undefined) {
    throw new RevocabError(
      "unsupported_checkpoint",
      `${showText(directory)} cannot be untied: ${untieForbidden ?? "the name of its head is not known"}`,
      { hint: "use one set of rows for input and output" },
    );
  }
  return checkpoint.tables.flatMap((table): readonly SlotTable[] => {
    if (table.slot !== "input") return [table];
    const isHead = ({ entry }: TensorLocation) => checkpoint.headTensors.includes(entry.name);
    return [
      { ...table, tensors: table.tensors.filter((tensor) => !isHead(tensor)) },
      { ...table, slot: "output", role: "output", tensors: table.tensors.filter(isHead) },
    ];
  });
}

function newTensors(
  source: SafetensorsFile,
  checkpoint: Checkpoint,
  slotOf: ReadonlyMap<string, string>,
  rows: number,
  untie: boolean,
  added: Map<string, string>,
): readonly NewTensor[] {
  const locations = new Map(
    checkpoint.tables.flatMap((table) => table.tensors).map((tensor) => [tensor.entry.name, tensor]),
  );
  const additions = untie ? untiedTensors(checkpoint) : new Map<string, readonly Addition[]>();
  return source.tensors.flatMap((entry): readonly NewTensor[] => {
    const { name, dtype, start, end } = entry;
    const slot = slotOf.get(name);
    if (slot === undefined) return [{ name, dtype, shape: entry.shape, length: end - start, from: start }];
    const { axis, columns, dtype: stored } = locations.get(name)!;
    const shape = entry.shape.map((count, dimension) => (dimension === axis ? rows : count));
    const tensor = { name, dtype, shape, length: rows * columns * BYTES_PER_VALUE[stored], slot };
    const more = additions.get(name) ?? [];
    for (const addition of more) added.set(addition.name, source.name);
    return [tensor, ...more.map((addition) => ({ ...tensor, ...addition }))];
  });
}

interface Addition {
  readonly name: string;
  readonly slot: string;
}

/** What untying adds, by the stored tensor that it follows: the head, and copies that were left out as tied. */
function untiedTensors({
  tables,
  headName,
  headTensors,
  omittedCopies,
}: Checkpoint): Map<string, readonly Addition[]> {
  return new Map(
    tables.map(({ slot, tensors }) => {
      const copies = omittedCopies.filter((copy) => copy.slot === slot);
      const head = slot === "input" && headTensors.length === 0 ? [{ name: headName!, slot: "output" }] : [];
      return [tensors[0]!.entry.name, [...copies, ...head]];
    }),
  );
}

function planTable(table: SlotTable, rows: number, targets: PlannedTable["targets"]): PlannedTable {
  const { slot, role, isBias, matrix } = table;
  const rowBytes = matrix.columns * BYTES_PER_VALUE[matrix.dtype];
  return { slot, role, isBias, rows, rowBytes, columns: matrix.columns, targets };
}
