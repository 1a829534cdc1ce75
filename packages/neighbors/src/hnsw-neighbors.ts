import { setImmediate } from "node:timers/promises";
import { type Matrix, RevocabError, showMessage, throwIfAborted } from "@revocab/core";
import { forEachRowBlock, normalizeRows, selectRows } from "@revocab/matrix";
import { exactNeighbors } from "./exact-neighbors.ts";
import type { NeighborSearch, Neighbors } from "./neighbor-search.ts";

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
 * Dot products are no metric, but the graph is as good on them (recall 99 % on rows of lengths 1 to 3); making them one by
 * another coordinate that gives all rows one length (Bachrach et al. 2014) halved the recall.
 * @see https://arxiv.org/abs/1603.09320
 * @throws RevocabError missing_dependency, aborted
 */
export async function hnswNeighbors(options: NeighborSearch & HnswOptions): Promise<Neighbors> {
  const { queries, k, metric, search = 200, job } = options;
  const index = await buildIndex(options);
  index.setEf(Math.max(search, k));
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
      else writeSorted(found, ids.subarray((start + row) * k), similarities.subarray((start + row) * k));
    }
    await letOthersRun(job?.abortSignal);
    job?.onProgress?.({
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
  const { rows, candidates, metric, links = 16, construction = 200, seed = 100, job } = options;
  checkCounts({ links, construction, search: options.search ?? 200 });
  checkSeed(seed);
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
        index.addPoint(point, start + row);
      }
      await letOthersRun(job?.abortSignal);
    },
    {
      blockBytes: 1 << 20,
      step: "build the index",
      job,
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

function checkSeed(seed: number): void {
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31) return;
  throw new RevocabError("bad_options", `the seed of the index is ${seed}, expected an integer in [0, 2³¹)`);
}

/** hnswlib limits links to this; more of the others is slower than an exact search. */
const MAXIMUM_COUNT = 10_000;

/** hnswlib-node takes plain arrays alone; one is used for every row. */
function newPoint({ rows }: NeighborSearch): number[] {
  return new Array<number>(rows.columns).fill(0);
}

function fillPoint({ columns, data }: Matrix, row: number, point: number[]): void {
  for (let i = 0, at = row * columns; i < columns; i++, at++) point[i] = data[at];
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
  ids: Uint32Array,
  similarities: Float32Array,
): void {
  const order = neighbors.map((_, i) => i);
  order.sort((a, b) => distances[a] - distances[b] || neighbors[a] - neighbors[b]);
  for (const [place, i] of order.entries()) {
    ids[place] = neighbors[i];
    similarities[place] = 1 - distances[i];
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
  const found = await exactNeighbors({ ...search, queries: selectRows(search.queries, short) });
  const { k } = found;
  for (const [i, row] of short.entries()) {
    ids.set(found.ids.subarray(i * k, (i + 1) * k), row * k);
    similarities.set(found.similarities.subarray(i * k, (i + 1) * k), row * k);
  }
}

/** The part of hnswlib-node that is used here; the package is optional, so its own types may be missing. */
interface Hnswlib {
  readonly HierarchicalNSW: new (space: "ip", dimensions: number) => HnswIndex;
}

interface HnswIndex {
  initIndex(options: {
    readonly maxElements: number;
    readonly m: number;
    readonly efConstruction: number;
    readonly randomSeed: number;
  }): void;
  addPoint(point: number[], label: number): void;
  setEf(ef: number): void;
  /** Distances are 1 − the inner product. There can be fewer than `count`: the graph may have parts it does not reach. */
  searchKnn(query: number[], count: number): { distances: number[]; neighbors: number[] };
}

let loading: Promise<Hnswlib> | undefined;

/** @throws RevocabError `missing_dependency` when hnswlib-node is not installed, or was not built for this machine */
function loadHnswlib(): Promise<Hnswlib> {
  loading ??= importHnswlib().catch((cause: unknown) => {
    loading = undefined;
    throw new RevocabError(
      "missing_dependency",
      `an index of neighbors needs hnswlib-node, which could not be loaded on ${process.platform}-${process.arch}: ${showMessage((cause as Error).message.split("\n")[0])}`,
      {
        hint: "install it with npm install hnswlib-node@3.0.0 (it is compiled on installing), or search without an index (exact)",
        cause,
      },
    );
  });
  return loading;
}

/** Whether an index can be built here. */
export async function hasHnswlib(): Promise<boolean> {
  return loadHnswlib().then(
    () => true,
    () => false,
  );
}

/** The name is a variable: the compiler must not look for types of a package that need not be there. */
async function importHnswlib(name = "hnswlib-node"): Promise<Hnswlib> {
  const module = (await import(name)) as { default?: unknown };
  return (module.default ?? module) as Hnswlib;
}
