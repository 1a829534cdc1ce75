import { setImmediate } from "node:timers/promises";
import { type Matrix, RevocabError } from "@revocab/core";
import { forEachRowBlock, normalizeRows, throwIfAborted } from "@revocab/matrix";
import { exactNeighbors, type NeighborSearch } from "./exact-neighbors.ts";
import { type HnswIndex, loadHnswlib } from "./load-hnswlib.ts";
import type { Neighbors } from "./neighbors.ts";

/** More of each finds more of the true neighbors and takes longer; tools/bench/neighbors.mjs measures them. */
export interface HnswOptions {
  /** Links of a row to others (M). @default 16 */
  readonly links?: number;
  /** Rows looked at while a row is linked (ef construction). @default 200 */
  readonly construction?: number;
  /** Rows looked at per query (ef), at least k. @default 200 */
  readonly search?: number;
  /** Of the levels of rows. @default 100 */
  readonly seed?: number;
}

/**
 * Approximate neighbors from a hierarchical navigable small world graph. One thread, a fixed seed and rows in their order:
 * the same call gives the same answer.
 *
 * Dot products: the graph needs rows of one length, so each gets one more coordinate that brings it to the longest row's
 * (Bachrach et al. 2014), and queries a zero there.
 * @see https://arxiv.org/abs/1603.09320
 * @throws RevocabError missing_dependency, aborted
 */
export async function hnswNeighbors(options: NeighborSearch & HnswOptions): Promise<Neighbors> {
  const { queries, k, metric, search = 200, abortSignal, onProgress } = options;
  const index = await buildIndex(options);
  index.setEf(Math.max(search, k));
  const scale = metric === "dot" ? options.candidates.longest || 1 : 1;
  const ids = new Uint32Array(queries.rows * k);
  const similarities = new Float32Array(queries.rows * k);
  const short: number[] = [];
  const point = newPoint(options);
  for (let start = 0; start < queries.rows; start += QUERIES_AT_A_TIME) {
    const part = partOf(queries, start, Math.min(QUERIES_AT_A_TIME, queries.rows - start));
    if (metric === "cosine") normalizeRows(part);
    for (let row = 0; row < part.rows; row++) {
      fillPoint(part, row, point);
      const found = index.searchKnn(point, k);
      if (found.neighbors.length < k) short.push(start + row);
      else
        writeSorted(found, scale, ids.subarray((start + row) * k), similarities.subarray((start + row) * k));
    }
    await letOthersRun(abortSignal);
    onProgress?.({
      type: "progress",
      step: "nearest rows",
      done: start + part.rows,
      total: queries.rows,
      unit: "rows",
    });
  }
  await searchExactly(options, short, ids, similarities);
  return { k, ids, similarities };
}

const QUERIES_AT_A_TIME = 256;

async function buildIndex(options: NeighborSearch & HnswOptions): Promise<HnswIndex> {
  const { rows, candidates, metric, links = 16, construction = 200, seed = 100, abortSignal } = options;
  checkCounts({ links, construction, search: options.search ?? 200 });
  const { HierarchicalNSW } = await loadHnswlib();
  const point = newPoint(options);
  const index = new HierarchicalNSW("ip", point.length);
  index.initIndex({
    maxElements: candidates.count,
    m: links,
    efConstruction: construction,
    randomSeed: seed,
  });
  await forEachRowBlock(
    rows,
    async (start, block) => {
      if (metric === "cosine") normalizeRows(block);
      for (let row = 0; row < block.rows; row++) {
        if (candidates.isCandidate[start + row] === 0) continue;
        fillPoint(block, row, point);
        if (metric === "dot") lengthen(point, candidates.longest);
        index.addPoint(point, start + row);
      }
      await letOthersRun(abortSignal);
    },
    {
      blockBytes: 1 << 20,
      step: "build the index",
      ...(abortSignal && { abortSignal }),
      ...(options.onProgress && { onProgress: options.onProgress }),
    },
  );
  return index;
}

function checkCounts(counts: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (Number.isInteger(value) && value >= 2 && value <= MAXIMUM_COUNT) continue;
    throw new RevocabError(
      "bad_options",
      `${name} of the index is ${value}, expected an integer from 2 to ${MAXIMUM_COUNT}`,
    );
  }
}

/** hnswlib limits links to this; more of the others is slower than an exact search. */
const MAXIMUM_COUNT = 10_000;

/** hnswlib-node takes plain arrays alone; one is used for every row. */
function newPoint({ rows, metric }: NeighborSearch): number[] {
  return new Array<number>(rows.columns + (metric === "dot" ? 1 : 0)).fill(0);
}

function fillPoint({ columns, data }: Matrix, row: number, point: number[]): void {
  for (let i = 0, at = row * columns; i < columns; i++, at++) point[i] = data[at];
}

/** Scales the longest row to length 1, and gives shorter ones the rest in the last coordinate. */
function lengthen(point: number[], longest: number): void {
  const last = point.length - 1;
  let square = 0;
  for (let i = 0; i < last; i++) {
    point[i] /= longest || 1;
    square += point[i] ** 2;
  }
  point[last] = Math.sqrt(Math.max(0, 1 - square));
}

function partOf({ columns, data }: Matrix, start: number, count: number): Matrix {
  return { rows: count, columns, data: data.slice(start * columns, (start + count) * columns) };
}

/** The index is not interruptible: only between two blocks can a signal arrive. */
async function letOthersRun(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  throwIfAborted(signal);
}

function writeSorted(
  { distances, neighbors }: { distances: number[]; neighbors: number[] },
  scale: number,
  ids: Uint32Array,
  similarities: Float32Array,
): void {
  const order = neighbors.map((_, i) => i);
  order.sort((a, b) => distances[a] - distances[b] || neighbors[a] - neighbors[b]);
  for (const [place, i] of order.entries()) {
    ids[place] = neighbors[i];
    similarities[place] = (1 - distances[i]) * scale;
  }
}

/** Queries for which the graph gave fewer rows than there are: no neighbor is left out for that. */
async function searchExactly(
  search: NeighborSearch,
  short: readonly number[],
  ids: Uint32Array,
  similarities: Float32Array,
): Promise<void> {
  if (short.length === 0) return;
  const { columns, data } = search.queries;
  const queries = new Float32Array(short.length * columns);
  for (const [i, row] of short.entries())
    queries.set(data.subarray(row * columns, (row + 1) * columns), i * columns);
  const found = await exactNeighbors({ ...search, queries: { rows: short.length, columns, data: queries } });
  const { k } = found;
  for (const [i, row] of short.entries()) {
    ids.set(found.ids.subarray(i * k, (i + 1) * k), row * k);
    similarities.set(found.similarities.subarray(i * k, (i + 1) * k), row * k);
  }
}
