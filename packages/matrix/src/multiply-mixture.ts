import {
  BYTES_PER_VALUE,
  type Matrix,
  type Mixture,
  type ProgressListener,
  type StoredMatrix,
} from "@revocab/core";
import { checkMixture } from "./check-mixture.ts";
import { encodeInto } from "./encode-into.ts";
import { checkBasisWidth, gatherSum } from "./gather-sum.ts";
import { readMatrix } from "./read-matrix.ts";
import { throwIfAborted } from "./throw-if-aborted.ts";

/** A rectangle of the product, in the dtype of the source matrix. */
export interface ProductBlock {
  readonly startRow: number;
  readonly rows: number;
  readonly startColumn: number;
  readonly columns: number;
  /** [rows × columns] values, row-major, little-endian; valid until the promise of `onBlock` settles. */
  readonly bytes: Uint8Array;
}

export interface MultiplyMixtureOptions {
  /** W [n × (V + x)] */
  readonly mixture: Mixture;
  /** E [V × d] */
  readonly source: StoredMatrix;
  /** X [x × d] @default no rows */
  readonly basis?: Matrix;
  readonly threads?: number;
  readonly memoryLimit?: number;
  readonly abortSignal?: AbortSignal;
  readonly onProgress?: ProgressListener;
  /** The name of the step in progress events. @default "compute rows" */
  readonly step?: string;
  readonly onBlock: (block: ProductBlock) => void | Promise<void>;
}

/** W · [E; X] → [n × d], encoded in the dtype of E, block by block. */
export async function multiplyMixture({
  mixture,
  source,
  basis,
  abortSignal,
  onProgress,
  step = "compute rows",
  onBlock,
}: MultiplyMixtureOptions): Promise<void> {
  checkMixture(mixture, source.rows, basis?.rows ?? 0);
  checkBasisWidth(source.columns, basis);
  throwIfAborted(abortSignal);
  const { columns, dtype } = source;
  const total = mixture.offsets.length - 1;
  const matrix = await readMatrix(source, 0, source.rows);
  const blockRows = Math.max(1, Math.floor((4 << 20) / (4 * Math.max(1, columns))));
  for (let startRow = 0; startRow < total; startRow += blockRows) {
    throwIfAborted(abortSignal);
    const rows = Math.min(blockRows, total - startRow);
    const first = mixture.offsets[startRow];
    const slice: Mixture = {
      offsets: mixture.offsets.slice(startRow, startRow + rows + 1).map((offset) => offset - first),
      sources: mixture.sources.subarray(first, mixture.offsets[startRow + rows]),
      weights: mixture.weights.subarray(first, mixture.offsets[startRow + rows]),
    };
    const bytes = new Uint8Array(rows * columns * BYTES_PER_VALUE[dtype]);
    encodeInto(dtype, gatherSum(slice, matrix, basis).data, bytes);
    await onBlock({ startRow, rows, startColumn: 0, columns, bytes });
    onProgress?.({ type: "progress", step, done: startRow + rows, total, unit: "rows" });
  }
}
