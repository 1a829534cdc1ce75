import type { DenseProducts } from "@revocab/onnx";
import type { Correction } from "./settings.ts";

export interface FitSize {
  /** d */
  readonly width: number;
  readonly sourceTokens: number;
  /** Where tokens of both readings begin. */
  readonly places: number;
  /** Different tokens of the text, and different first pieces of theirs. */
  readonly tokens: number;
  readonly firstPieces: number;
  readonly allFirstPieces: number;
  /** V_s */
  readonly sourceRows: number;
}

/** What a fit of rows usually needs; see {@link fitRows}. */
const PASSES = 3;
/** Of one logit in one pass, beside its products: two exponentials. */
const SECONDS_PER_LOGIT = 2.5e-8;

/** About how long the fits take, by what they multiply. */
export function fitSeconds(
  correction: Correction,
  { width, sourceTokens, places, tokens, firstPieces, allFirstPieces, sourceRows }: FitSize,
  flopsPerSecond: number,
): number {
  const square = width ** 2;
  // products in f64 take twice as long
  const factor = 2 * width * square * 2;
  const sums = 2 * square * sourceTokens;
  if (correction === "none") return (sums + factor) / flopsPerSecond;
  const map = 4 * square * places + 3 * factor + 2 * square * sourceRows;
  if (correction === "map") return (sums + factor + map) / flopsPerSecond;
  const present = tokens + firstPieces;
  const absent = allFirstPieces - firstPieces;
  const logits = PASSES * places * (present + Math.min(present, absent));
  const rows = 2 * square * (present + absent) * 2 + 2 * square * places + 4 * factor;
  return (sums + factor + map + rows + 4 * width * logits) / flopsPerSecond + SECONDS_PER_LOGIT * logits;
}

/** Floating-point operations a second, in products of matrices as the fits have them. */
export async function measureProducts(width: number, products: DenseProducts): Promise<number> {
  const left = { rows: ROWS, columns: width, data: new Float32Array(ROWS * width).fill(0.5) };
  const right = { rows: CLASSES, columns: width, data: new Float32Array(CLASSES * width).fill(0.5) };
  const multiply = () => products.multiply(left, right, { transposeRight: true });
  // the first product opens the runtime
  await multiply();
  const started = performance.now();
  await multiply();
  return (2 * ROWS * CLASSES * width) / ((performance.now() - started) / 1000);
}

const ROWS = 512;
const CLASSES = 2048;
