import { type Job, type Matrix, RevocabError, type StoredMatrix } from "@revocab/core";
import { borrowMemory, compileKernels, instantiateKernels, KERNEL_BYTES, returnMemory } from "./kernels.ts";
import { forEachRowBlock } from "./stored-matrix.ts";

export interface MultiplyTransposedOptions {
  /** A [m × d] */
  readonly left: Matrix;
  /** B [n × d], read once and in order. */
  readonly right: StoredMatrix;
  /** Scale the rows of both to length 1 first, so that the products are cosines; see {@link normalizeRows}. @default false */
  readonly normalize?: boolean;
  readonly job?: Job;
  /** The name of the step in progress events. @default "compare rows" */
  readonly step?: string;
  /**
   * Gets the product with rows start … start + block.columns of B, [m × block.columns]. The block's memory is used again
   * for the next one: copy what you keep.
   */
  readonly onBlock: (start: number, block: Matrix) => void | Promise<void>;
}

/**
 * A [m × d] · Bᵀ, B [n × d] → [m × n] in f32, some columns at a time and on the calling thread: dot products of every row
 * of A with every row of B, or their cosines. Equal rows give equal values, bit for bit, wherever they stand.
 *
 * Memory: A once more (twice with `normalize`) and about 40 MB, whatever the number of rows of B. For an A of many
 * thousand rows give it in parts of about a thousand: by then reading B costs nothing beside the products.
 * @throws RevocabError shape_mismatch when the rows differ in width; bad_options when A is beyond what the kernel can
 *   address, 3.5 GiB; aborted, between two blocks
 */
export async function multiplyTransposed({
  left,
  right,
  normalize = false,
  job,
  step = "compare rows",
  onBlock,
}: MultiplyTransposedOptions): Promise<void> {
  checkShapes(left, right);
  const { columns: depth } = left;
  const rows = roundUp(left.rows, LEFT_PANEL);
  const blockRows = rightRowsAtATime(rows, depth);
  const leftAt = KERNEL_BYTES;
  const rightAt = leftAt + rows * depth * 4;
  const outAt = rightAt + blockRows * depth * 4;
  const memory = borrowMemory(outAt + rows * blockRows * 4);
  try {
    const kernels = instantiateKernels(compileKernels(), memory);
    const leftPanels = new Float32Array(memory.buffer, leftAt, rows * depth);
    const rightPanels = new Float32Array(memory.buffer, rightAt, blockRows * depth);
    placePanels(normalize ? normalized(left) : left, LEFT_PANEL, leftPanels);
    const product = new Float32Array(left.rows * Math.min(blockRows, right.rows));

    const visit = (start: number, block: Matrix) => {
      if (normalize) normalizeRows(block);
      placePanels(block, RIGHT_PANEL, rightPanels);
      const columns = roundUp(block.rows, RIGHT_PANEL);
      const out = new Float32Array(memory.buffer, outAt, rows * columns).fill(0);
      for (let from = 0; from < depth; from += DEPTH) {
        const count = Math.min(DEPTH, depth - from);
        const leftPart = leftAt + rows * from * 4;
        kernels.multiplyPanels(outAt, leftPart, rightAt + columns * from * 4, rows, columns, count);
      }
      const data = product.subarray(0, left.rows * block.rows);
      for (let row = 0; row < left.rows; row++) {
        data.set(out.subarray(row * columns, row * columns + block.rows), row * block.rows);
      }
      return onBlock(start, { rows: left.rows, columns: block.rows, data });
    };
    await forEachRowBlock(right, visit, {
      blockBytes: blockRows * Math.max(1, depth) * 4,
      step,
      job,
    });
  } finally {
    returnMemory(memory);
  }
}

/** Rows in a panel of multiply-panels.ts. */
const LEFT_PANEL = 4;
const RIGHT_PANEL = 8;

/** Of B as f32, and of the product: the two blocks that are held beside A. */
const BLOCK_BYTES = 8 << 20;

/** What 32-bit addresses reach, less the blocks. */
const MAXIMUM_LEFT_BYTES = 3.5 * 2 ** 30;

function checkShapes(left: Matrix, right: StoredMatrix): void {
  if (left.columns !== right.columns) {
    throw new RevocabError(
      "shape_mismatch",
      `rows of ${left.columns} columns were to be compared with rows of ${right.columns} columns`,
    );
  }
  if (left.rows * left.columns * 4 > MAXIMUM_LEFT_BYTES) {
    throw new RevocabError(
      "bad_options",
      `${left.rows} rows of ${left.columns} columns were to be compared at once, expected at most 3.5 GiB of them`,
      { hint: "compare a part of the rows at a time" },
    );
  }
}

/** A multiple of the panel, so that only the last block has panels to fill up. */
function rightRowsAtATime(leftRows: number, depth: number): number {
  const fitting = Math.floor(BLOCK_BYTES / (4 * Math.max(1, leftRows, depth)));
  return Math.max(RIGHT_PANEL, fitting - (fitting % RIGHT_PANEL));
}

function normalized({ rows, columns, data }: Matrix): Matrix {
  const copy = { rows, columns, data: data.slice() };
  normalizeRows(copy);
  return copy;
}

/**
 * Lays rows out as multiply-panels.ts reads them: `DEPTH` columns after `DEPTH` columns, in each the panels one after the
 * other, in each for every column the values of its `width` rows. Rows that the last panel lacks are zeros.
 */
function placePanels({ rows, columns, data }: Matrix, width: number, into: Float32Array): void {
  const padded = roundUp(rows, width);
  for (let from = 0; from < columns; from += DEPTH) {
    const count = Math.min(DEPTH, columns - from);
    for (let row = 0; row < padded; row++) {
      const lane = row % width;
      const target = padded * from + (row - lane) * count + lane;
      if (row >= rows) for (let k = 0; k < count; k++) into[target + k * width] = 0;
      else
        for (let k = 0, at = row * columns + from; k < count; k++, at++) into[target + k * width] = data[at];
    }
  }
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** Products summed on their own before they are added to a total: the kernel's two panels of them stay in the nearest cache. */
export const DEPTH = 256;

/**
 * The dot product of row i of A [m × d] and row j of B [n × d] as `multiplyTransposed` gives it, bit for bit, NaNs aside.
 *
 * It is the sum, from +0, of the sums of {@link DEPTH} products at a time, each in the order of the columns and rounded to
 * f32 after every product and sum. So a value depends on its two rows alone and not on where they stand.
 */
export function rowProduct(left: Matrix, i: number, right: Matrix, j: number): number {
  const { columns, data: a } = left;
  const { data: b } = right;
  let at = i * columns;
  let beside = j * columns;
  let total = 0;
  for (const end = at + columns; at < end; ) {
    const stop = Math.min(at + DEPTH, end);
    let sum = 0;
    for (; at < stop; at++, beside++) sum = Math.fround(sum + Math.fround(a[at] * b[beside]));
    total = Math.fround(total + sum);
  }
  return total;
}

/** Scales each row to length 1, in place; a row of zeros stays as it is, one with an infinity or a NaN gets NaNs. */
export function normalizeRows({ rows, columns, data }: Matrix): void {
  for (let row = 0; row < rows; row++) {
    const end = (row + 1) * columns;
    let square = 0;
    for (let i = row * columns; i < end; i++) square += data[i] * data[i];
    if (square === 0) continue;
    const length = Math.sqrt(square);
    for (let i = row * columns; i < end; i++) data[i] /= length;
  }
}

/** A [m × d] · Bᵀ, B [n × d] → [m × n], the definition that the SIMD kernel follows bit for bit, NaNs aside. */
export function multiplyTransposedPlainly(left: Matrix, right: Matrix): Matrix {
  const data = new Float32Array(left.rows * right.rows);
  for (let i = 0; i < left.rows; i++) {
    for (let j = 0; j < right.rows; j++) data[i * right.rows + j] = rowProduct(left, i, right, j);
  }
  return { rows: left.rows, columns: right.rows, data };
}
