import { writeSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { RevocabError, type Role, throwIfAborted } from "@revocab/core";
import { writeError } from "@revocab/files/internal";
import { writeAt } from "./output-file.ts";
import type { PlannedTable } from "./plan-output.ts";

/** A piece of a new table: `bytes` holds rows × columns values in the table's dtype, row-major, little-endian. */
export interface TableBlock extends TableRectangle {
  readonly bytes: Uint8Array;
}

/** The table that `produce` is to fill. */
export interface TableToProduce {
  readonly slot: string;
  readonly role: Role;
  readonly isBias: boolean;
}

export type ProduceTable = (
  table: TableToProduce,
  write: (block: TableBlock) => Promise<void>,
) => Promise<void>;

export interface OutputTarget {
  readonly handle: FileHandle;
  readonly path: string;
  readonly position: number;
}

/**
 * Has one table produced and writes its blocks to every place where the table goes; then checks that no value is
 * missing. A block's bytes may be reused once its promise resolves.
 * @throws RevocabError `apply_mismatch` when blocks leave the table, overlap or leave values out; write errors.
 */
export async function writeTable(
  table: PlannedTable,
  targets: readonly OutputTarget[],
  produce: ProduceTable,
  abortSignal: AbortSignal,
  onBytes: (count: number) => void,
): Promise<void> {
  const { slot, role, isBias, rows, columns, rowBytes } = table;
  const coverage = new Coverage(rows, columns);
  const valueBytes = rowBytes / columns;
  const writeBlock = async (block: TableBlock): Promise<void> => {
    throwIfAborted(abortSignal);
    const expected = block.rows * block.columns * valueBytes;
    if (block.bytes.length !== expected) {
      throw mismatch(
        slot,
        `a block of ${block.rows} × ${block.columns} values has ${block.bytes.length} bytes, not ${expected}`,
      );
    }
    try {
      coverage.add(block);
    } catch (error) {
      throw mismatch(slot, (error as Error).message);
    }
    await Promise.all(targets.map((target) => writeTo(target, block, rowBytes, valueBytes)));
    onBytes(expected * targets.length);
  };
  await produce({ slot, role, isBias }, writeBlock);
  const missing = coverage.firstMissingRow();
  if (missing !== undefined) throw mismatch(slot, `row ${missing} was not written`);
}

async function writeTo(
  target: OutputTarget,
  block: TableBlock,
  rowBytes: number,
  valueBytes: number,
): Promise<void> {
  const { handle, path, position } = target;
  const pieceBytes = block.columns * valueBytes;
  const start = position + block.startRow * rowBytes + block.startColumn * valueBytes;
  if (pieceBytes === rowBytes) return writeAt(handle, path, block.bytes, start);
  // Pieces of rows are small: a synchronous write is a few µs, a promise for each costs ten times that.
  try {
    for (let row = 0; row < block.rows; row++) {
      let from = row * pieceBytes;
      let to = start + row * rowBytes;
      while (from < (row + 1) * pieceBytes) {
        const written = writeSync(handle.fd, block.bytes, from, (row + 1) * pieceBytes - from, to);
        from += written;
        to += written;
      }
    }
  } catch (cause) {
    throw writeError(path, cause);
  }
}

function mismatch(slot: string, what: string): RevocabError {
  return new RevocabError("apply_mismatch", `the new rows of the table ${slot} are wrong: ${what}`, {
    hint: "this is a defect of what produces the rows; please report it",
  });
}

/** A piece of a table: rows [startRow, startRow + rows) × columns [startColumn, startColumn + columns). */
interface TableRectangle {
  readonly startRow: number;
  readonly rows: number;
  readonly startColumn: number;
  readonly columns: number;
}

interface Panel {
  readonly startColumn: number;
  readonly columns: number;
  readonly seen: Uint8Array;
}

/** Knows which values of a table [rows × columns] have been written, so that none stays unwritten in silence. */
export class Coverage {
  readonly #rows: number;
  readonly #columns: number;
  readonly #panels: Panel[] = [];

  constructor(rows: number, columns: number) {
    this.#rows = rows;
    this.#columns = columns;
  }

  /** @throws RangeError when the piece leaves the table or covers values a second time. */
  add(piece: TableRectangle): void {
    const { startRow, rows, startColumn, columns } = piece;
    const endRow = startRow + rows;
    const text = `rows ${startRow} … ${endRow}, columns ${startColumn} … ${startColumn + columns}`;
    if (
      !(startRow >= 0 && rows > 0 && endRow <= this.#rows) ||
      !(startColumn >= 0 && columns > 0 && startColumn + columns <= this.#columns)
    ) {
      throw new RangeError(`${text} leave the table [${this.#rows} × ${this.#columns}]`);
    }
    for (const panel of this.#panels) {
      const overlaps =
        panel.startColumn < startColumn + columns && startColumn < panel.startColumn + panel.columns;
      if (overlaps && panel.seen.subarray(startRow, endRow).includes(1)) {
        throw new RangeError(`${text} are written twice`);
      }
    }
    this.#panel(startColumn, columns).seen.fill(1, startRow, endRow);
  }

  /** The first row with a value that was not written; undefined when all were. */
  firstMissingRow(): number | undefined {
    const covered = new Uint32Array(this.#rows);
    for (const { columns, seen } of this.#panels) {
      for (let row = 0; row < covered.length; row++) covered[row]! += seen[row]! * columns;
    }
    const row = covered.findIndex((count) => count !== this.#columns);
    return row === -1 ? undefined : row;
  }

  #panel(startColumn: number, columns: number): Panel {
    let panel = this.#panels.find((known) => known.startColumn === startColumn && known.columns === columns);
    if (panel === undefined) {
      panel = { startColumn, columns, seen: new Uint8Array(this.#rows) };
      this.#panels.push(panel);
    }
    return panel;
  }
}
