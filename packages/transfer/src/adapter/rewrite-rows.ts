import type { FileHandle } from "node:fs/promises";
import { readExactly } from "@revocab/checkpoint/internal";
import {
  BYTES_PER_VALUE,
  type Job,
  type RevocabError,
  type StoredMatrix,
  type TablePlan,
} from "@revocab/core";
import { decodeInto, matrixOfBytes, mixtureRow } from "@revocab/matrix";
import type { PlannedSwap, SwapPlan } from "@revocab/plan";
import { produceRows, tablePlan } from "@revocab/plan/internal";
import { gateFailed } from "../gate/gate-check.ts";
import type { RowsTensor, TrainedTokensTensor } from "./sort-tensors.ts";

/** Writes bytes at an offset from the beginning of the tensor in its new file. */
export type WriteBytes = (bytes: Uint8Array, offset: number) => Promise<void>;

/**
 * Rewrites a tensor with an entry per token, block by block.
 *
 * A whole table T that the adapter has trained becomes W · [T; X], with the plan's rows that are no sum. A change that is added
 * to the base's rows, ΔE = B · A, becomes W · [ΔE; 0], which is B · (A · Wᵀ). Base and change then still add up:
 * W · [E; X] + W · [ΔE; 0] = W · [E + ΔE; X].
 *
 * Peak memory is that of a swap, and that of A [r × V], which is transposed in memory.
 */
export async function rewriteRows(
  tensor: RowsTensor,
  file: { readonly handle: FileHandle; readonly path: string },
  { plan, rowSource, job }: PlannedSwap & { readonly job?: Job },
  check: RowCheck,
  write: WriteBytes,
): Promise<void> {
  const { dtype, columns, axis, slot, isChange } = tensor;
  const size = BYTES_PER_VALUE[dtype];
  const table = isChange ? withoutOwnRows(tablePlan(plan, slot), columns) : tablePlan(plan, slot);
  const source = axis === 0 ? storedRows(tensor, file) : await turnedRows(tensor, file);
  const turned = axis === 0 ? undefined : new Uint8Array(plan.target.rows * columns * size);
  const put: WriteBytes = async (bytes, offset) => {
    if (turned === undefined) await write(bytes, offset);
    else turned.set(bytes, offset);
  };
  await produceRows(
    table,
    rowSource,
    source,
    async ({ startRow, rows, startColumn, columns: width, bytes }) => {
      check.add(bytes, startRow, rows);
      if (width === columns) return put(bytes, startRow * columns * size);
      for (let row = 0; row < rows; row++) {
        const part = bytes.subarray(row * width * size, (row + 1) * width * size);
        await put(part, ((startRow + row) * columns + startColumn) * size);
      }
    },
    job,
  );
  check.finish();
  if (turned !== undefined) await write(transpose(turned, plan.target.rows, columns, size), 0);
}

/** A tensor [V × columns], read from its file. */
function storedRows(
  { entry, dtype, columns }: RowsTensor,
  { handle, path }: { readonly handle: FileHandle; readonly path: string },
): StoredMatrix {
  const rowBytes = columns * BYTES_PER_VALUE[dtype];
  return {
    rows: entry.shape[0] as number,
    columns,
    dtype,
    readRows: (start, _count, into) => readExactly(handle, into, entry.start + start * rowBytes, path),
  };
}

/** A tensor [columns × V], transposed to a row per token. */
async function turnedRows(
  { entry, dtype, columns }: RowsTensor,
  { handle, path }: { readonly handle: FileHandle; readonly path: string },
): Promise<StoredMatrix> {
  const stored = new Uint8Array(entry.end - entry.start);
  await readExactly(handle, stored, entry.start, path);
  const rows = entry.shape[1] as number;
  return matrixOfBytes({ rows, columns, dtype }, transpose(stored, columns, rows, BYTES_PER_VALUE[dtype]));
}

/** The table with zeros in place of its basis rows and without rows that are no sum. */
function withoutOwnRows(table: TablePlan, columns: number): TablePlan {
  const { rows } = table.basis;
  return {
    ...table,
    basis: { rows, columns, data: new Float32Array(rows * columns) },
    dense: { ids: new Uint32Array(0), columns },
  };
}

/** [rows × columns] → [columns × rows], values of `size` bytes. */
function transpose(bytes: Uint8Array, rows: number, columns: number, size: number): Uint8Array {
  const turned = new Uint8Array(bytes.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const from = (row * columns + column) * size;
      const to = (column * rows + row) * size;
      for (let i = 0; i < size; i++) turned[to + i] = bytes[from + i] as number;
    }
  }
  return turned;
}

/** Checks the new rows of one tensor, block by block. */
export interface RowCheck {
  /** Values [rows × columns] of the rows from `startRow` on; a block may have some of the columns only. */
  add(bytes: Uint8Array, startRow: number, rows: number): void;
  /** After the last block. */
  finish(): void;
}

/**
 * Rows of an adapter must be finite. A whole table must have no new rows of zeros, as in the gate; a change may be zero, as
 * LoRA's is before training.
 * @throws RevocabError `gate_failed`, from both methods of the returned check
 */
export function checkNewRows(
  tensor: RowsTensor | TrainedTokensTensor,
  plan: SwapPlan,
  allowZeroRows: boolean,
): RowCheck {
  const { entry, dtype, slot, how } = tensor;
  const isTable = how === "rows" && !tensor.isChange && tensor.columns > 1;
  const hasValue = new Uint8Array(plan.target.rows);
  return {
    add(bytes, startRow, rows) {
      const values = new Float32Array(bytes.length / BYTES_PER_VALUE[dtype]);
      decodeInto(dtype, bytes, values);
      const wrong = values.findIndex((value) => !Number.isFinite(value));
      if (wrong >= 0)
        throw failed(`${entry.name} has the value ${values[wrong]}`, "train or save the adapter again");
      if (!isTable) return;
      const columns = values.length / rows;
      for (const [i, value] of values.entries()) {
        if (value !== 0) hasValue[startRow + Math.floor(i / columns)] = 1;
      }
    },
    finish() {
      if (!isTable || allowZeroRows) return;
      const { mixture } = tablePlan(plan, slot);
      const isCopy = (row: number) => {
        const { weights } = mixtureRow(mixture, row);
        return weights.length === 1 && weights[0] === 1;
      };
      const zero = hasValue.findIndex((value, row) => value === 0 && !isCopy(row));
      if (zero < 0) return;
      throw failed(
        `${entry.name} has a new row of zeros, ${zero}`,
        "choose another method or fallback; `allowZeroRows` lets them pass",
      );
    },
  };
}

function failed(what: string, hint: string): RevocabError {
  return gateFailed(what, { hint, written: "the rewritten adapter" });
}
