import { type Matrix, type Mixture, RevocabError } from "@revocab/core";
import { checkMixture } from "./mixtures.ts";

/**
 * W [n × (V + x)] · [E [V × d]; X [x × d]] → [n × d], the definition that the SIMD kernel follows bit for bit.
 *
 * Each value starts at +0 and takes its sources in the row's order, rounding to f32 after each product and each sum. A
 * row of one source below V with weight 1 is copied with its bits; an empty row is zeros; any other NaN is the quiet
 * NaN 0x7FC00000, because engines differ in the payloads they compute.
 * @throws RevocabError shape_mismatch, bad_plan
 */
export function gatherSum(mixture: Mixture, source: Matrix, basis?: Matrix): Matrix {
  checkMixture(mixture, source.rows, basis?.rows ?? 0);
  checkBasisWidth(source.columns, basis);
  const { offsets, sources, weights } = mixture;
  const { columns } = source;
  const rows = offsets.length - 1;
  const data = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const target = data.subarray(row * columns, (row + 1) * columns);
    const start = offsets[row];
    const end = offsets[row + 1];
    if (end - start === 1 && weights[start] === 1 && sources[start] < source.rows) {
      target.set(source.data.subarray(sources[start] * columns, (sources[start] + 1) * columns));
      continue;
    }
    for (let i = start; i < end; i++) {
      const isBasis = sources[i] >= source.rows;
      const from = isBasis ? basis!.data : source.data;
      const base = (isBasis ? sources[i] - source.rows : sources[i]) * columns;
      const weight = weights[i];
      for (let j = 0; j < columns; j++) target[j] += Math.fround(weight * from[base + j]);
    }
    makeNaNsQuiet(target);
  }
  return { rows, columns, data };
}

/** @throws RevocabError shape_mismatch unless the basis rows are as wide as the source rows */
export function checkBasisWidth(columns: number, basis: Matrix | undefined): void {
  if (basis === undefined || basis.rows === 0 || basis.columns === columns) return;
  throw new RevocabError(
    "shape_mismatch",
    `the basis rows have ${basis.columns} columns but the source matrix has ${columns}`,
  );
}

function makeNaNsQuiet(values: Float32Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let j = 0; j < values.length; j++) if (Number.isNaN(values[j])) bits[j] = 0x7fc00000;
}
