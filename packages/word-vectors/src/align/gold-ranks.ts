import type { Matrix, ProgressListener } from "@revocab/core";
import { multiplyTransposed, storeMatrix } from "@revocab/matrix";
import type { WordVectors } from "../word-vectors.ts";

/** A source word and the target words that are right. */
export interface Query {
  readonly word: number;
  readonly right: readonly number[];
}

export interface GoldRanksOptions {
  readonly source: WordVectors;
  readonly queries: readonly Query[];
  /** [n × d] */
  readonly targetRows: Matrix;
  /** [n] taken off twice the cosine. @default the cosine alone counts */
  readonly penalty?: Float64Array;
  readonly abortSignal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

/**
 * [queries] how many target words stand before the first right one. Of equal words the lower number stands first; a target
 * without a direction stands last.
 */
export async function goldRanks(options: GoldRanksOptions): Promise<Uint32Array> {
  const { source, queries, targetRows, penalty, abortSignal, onProgress } = options;
  const stored = storeMatrix(targetRows);
  const isZero = zeroRows(targetRows);
  const ranks = new Uint32Array(queries.length);
  const score = (cosine: number, target: number) => {
    if (isZero[target] === 1) return Number.NEGATIVE_INFINITY;
    return penalty ? 2 * cosine - penalty[target] : cosine;
  };
  for (let start = 0; start < queries.length; start += QUERIES_AT_A_TIME) {
    const part = queries.slice(start, start + QUERIES_AT_A_TIME);
    const left = rowsOf(source, part);
    const product = { left, normalize: true, ...(abortSignal && { abortSignal }) };
    const best = await bestRight(part, left, targetRows, score, abortSignal);
    await multiplyTransposed({
      ...product,
      right: stored,
      onBlock: (first, { columns, data }) => {
        for (const [query, { value, target }] of best.entries()) {
          let before = 0;
          for (let column = 0, at = query * columns; column < columns; column++, at++) {
            const other = score(data[at], first + column);
            if (other > value || (other === value && first + column < target)) before++;
          }
          ranks[start + query] += before;
        }
      },
    });
    onProgress?.({
      type: "progress",
      step: "look up translations",
      done: start + part.length,
      total: queries.length,
      unit: "rows",
    });
  }
  return ranks;
}

const QUERIES_AT_A_TIME = 1024;

function rowsOf(source: WordVectors, queries: readonly Query[]): Matrix {
  const columns = source.dimension;
  const data = new Float32Array(queries.length * columns);
  for (const [i, { word }] of queries.entries()) data.set(source.rows(word, 1).data, i * columns);
  return { rows: queries.length, columns, data };
}

/** For each query the right target that stands first. A cosine is the same bits wherever its rows stand in a product. */
async function bestRight(
  queries: readonly Query[],
  left: Matrix,
  targetRows: Matrix,
  score: (cosine: number, target: number) => number,
  abortSignal: AbortSignal | undefined,
): Promise<{ value: number; target: number }[]> {
  const targets = [...new Set(queries.flatMap(({ right }) => right))];
  const places = new Map(targets.map((target, place) => [target, place]));
  const { columns } = targetRows;
  const data = new Float32Array(targets.length * columns);
  for (const [i, target] of targets.entries()) {
    data.set(targetRows.data.subarray(target * columns, (target + 1) * columns), i * columns);
  }
  const best = queries.map(() => ({ value: Number.NEGATIVE_INFINITY, target: Number.POSITIVE_INFINITY }));
  await multiplyTransposed({
    left,
    right: storeMatrix({ rows: targets.length, columns, data }),
    normalize: true,
    ...(abortSignal && { abortSignal }),
    onBlock: (first, block) => {
      for (const [query, { right }] of queries.entries()) {
        for (const target of right) {
          const place = (places.get(target) as number) - first;
          if (place < 0 || place >= block.columns) continue;
          const value = score(block.data[query * block.columns + place], target);
          const { value: known, target: earlier } = best[query];
          if (value > known || (value === known && target < earlier)) best[query] = { value, target };
        }
      }
    },
  });
  return best;
}

function zeroRows({ rows, columns, data }: Matrix): Uint8Array {
  const flags = new Uint8Array(rows).fill(1);
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) flags[Math.floor(i / columns)] = 0;
  return flags;
}
