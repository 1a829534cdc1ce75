import { writeSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { RevocabError, type Role, throwIfAborted } from "@revocab/core";
import { Coverage, type TableRectangle } from "./coverage.ts";
import { writeAt, writeError } from "./output-file.ts";
import type { PlannedTable } from "./plan-output.ts";

/** A piece of a new table: `bytes` holds rows × columns values in the table's dtype, row-major, little-endian. */
export interface TableBlock extends TableRectangle {
  readonly bytes: Uint8Array;
}

/** What `produce` is told about the table it fills. */
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
