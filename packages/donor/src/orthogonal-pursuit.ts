import { freemem } from "node:os";
import { type Job, type Matrix, type Mixture, RevocabError, threadsOf, throwIfAborted } from "@revocab/core";
import { encodeInto, MixtureBuilder, openRowSums, type RowSums, selectRows } from "@revocab/matrix";
import type { DenseProducts } from "@revocab/onnx";
import { ColumnCache } from "./column-cache.ts";
import { Pursuit, type Residual } from "./pursuit.ts";
import { type Norms, normsOf, strongestAtom } from "./strongest-atom.ts";

export interface PursuitOptions {
  /** D [A × d] the atoms, finite. */
  readonly atoms: Matrix;
  /** Number of rows to approximate. */
  readonly count: number;
  /** [n × d] rows start … start + n, finite. */
  readonly read: (start: number, n: number) => Promise<Matrix>;
  /** Atoms for each row, at most. */
  readonly k: number;
  /** That share the cores with the threads of the sums. */
  readonly products: DenseProducts;
  /** An atom that row i must not use. @default all may be used */
  readonly except?: (row: number) => number | undefined;
  /** Takes what was found for a row, in the order of the rows. */
  readonly onRow: (row: number, found: Pursuit) => void;
  /** Bytes for products of atoms. The result does not depend on it. @default 1 GiB */
  readonly memoryLimit?: number;
  /** `threads`: of the sums. @default all cores */
  readonly job?: Job;
  /** The name of the step in progress events. */
  readonly step: string;
}

/**
 * Orthogonal matching pursuit of many rows with the same atoms: of the atoms not picked yet, the one with the largest |⟨r, D_i⟩|
 * is picked, k times; r is what least squares with those picked leaves of x. It ends early where nothing is left of x, or the
 * next atom depends on those before.
 *
 * Batch OMP: D·x of a block of rows is one product of matrices. Then a step costs a row A · step products, D·r = D·x − Σ c_j·D·D_j, where
 * D·D_j is computed once and cached, as f16. These figures only say which atoms may have the largest |⟨r, D_i⟩|, by more than all roundings
 * can amount to; among several the pick is by sums in f64, of equal ones the lowest number. So neither threads nor blocks nor the
 * runtime's way to add change a bit of the result.
 *
 * Memory: `memoryLimit` and about 100 MB beside D.
 * Source: Rubinstein, Zibulevsky and Elad, Efficient Implementation of the K-SVD Algorithm using Batch Orthogonal Matching Pursuit (Technion, CS-2008-08).
 * @throws RevocabError not_enough_memory for more atoms than `memoryLimit` has room for; aborted
 */
export async function orthogonalPursuit(options: PursuitOptions): Promise<void> {
  const { atoms, count, read, onRow, memoryLimit = defaultMemory(), job, step } = options;
  const k = Math.min(options.k, atoms.rows);
  if (count === 0 || k === 0) return;
  const { columns, block } = placesFor(atoms.rows, k, count, memoryLimit);
  const isSmall = atoms.rows * k ** 2 * count < SMALL;
  const sums = openRowSums({
    dtype: "F16",
    columns: atoms.rows,
    rows: columns,
    basisRows: block,
    sums: block,
    sources: block * (k + 1),
    threads: isSmall ? 0 : threadsOf(job),
  });
  const search = { ...options, k, sums, norms: normsOf(atoms), cache: new ColumnCache(columns) };
  try {
    for (let start = 0; start < count; start += block) {
      const n = Math.min(block, count - start);
      const found = await pursueBlock(search, start, await read(start, n));
      for (const [i, one] of found.entries()) onRow(start + i, one);
      job?.onProgress?.({ type: "progress", step, done: start + n, total: count, unit: "rows" });
    }
  } finally {
    await sums.close();
  }
}

/** All columns of 30,000 atoms fit into 2 GiB. */
function defaultMemory(): number {
  return Math.min(2 ** 31, freemem() / 2);
}

/** Rows at once: beyond so many, reading D for the products costs little beside them. */
const MOST_ROWS = 256;

/** Products so few that starting threads takes longer. */
const SMALL = 2e8;

/** How many columns of DDᵀ are held, and how many rows take their steps together: each may need k columns of its own. */
function placesFor(atoms: number, k: number, count: number, memoryLimit: number) {
  // of a row D·x as f32, D·r as f16
  const bytesPerRow = atoms * 6;
  const bytesPerColumn = Math.ceil(atoms / 32) * 64;
  const most = Math.min(MOST_ROWS, count);
  const columns = Math.floor((memoryLimit - most * bytesPerRow) / bytesPerColumn);
  if (columns >= Math.min(atoms, most * k)) return { block: most, columns: Math.min(atoms, columns) };
  const block = Math.floor(memoryLimit / (bytesPerRow + k * bytesPerColumn));
  if (block >= 1) return { block, columns: block * k };
  throw new RevocabError(
    "not_enough_memory",
    `products of ${k} with ${atoms} anchors need ${bytesPerRow + k * bytesPerColumn} bytes, expected at most ${Math.floor(memoryLimit)}`,
    { hint: "use fewer anchors (`with: anchors=20000`), or a smaller k (`with: k=16`)" },
  );
}

interface Search extends PursuitOptions {
  readonly sums: RowSums;
  readonly cache: ColumnCache;
  readonly norms: Norms;
}

/** All rows of a block take their steps together, so that the columns they need are computed in one product. */
async function pursueBlock(search: Search, start: number, targets: Matrix): Promise<readonly Pursuit[]> {
  const { atoms, k, norms, except, job } = search;
  const { columns: width, data } = targets;
  const found = Array.from(
    { length: targets.rows },
    (_, i) => new Pursuit(data.subarray(i * width, (i + 1) * width), k),
  );
  await placeCorrelations(search, targets, found);
  const columnOf = columnReader(search);
  let open = Array.from(found.keys()).filter((i) => !found[i].isExact);
  for (let step = 0; step < k && open.length > 0; step++) {
    throwIfAborted(job?.abortSignal);
    const residuals = open.map((i) => found[i].residual());
    const valuesOf = await search.sums.sum(residualMixture(search, open, residuals));
    open = open.filter((i, at) => {
      const values = halvesOf(valuesOf(at));
      const pick = strongestAtom({
        atoms,
        norms,
        residual: residuals[at],
        values,
        except: except?.(start + i),
        columnOf,
      });
      return pick !== undefined && found[i].add(atoms, pick) && !found[i].isExact;
    });
    if (step + 1 < k)
      await cacheColumns(
        search,
        open.map((i) => found[i].picks.at(-1)!),
      );
  }
  return found;
}

/** D·x of each row, as a share of the longest products that there can be: within ±1, as f16 needs it. */
async function placeCorrelations(
  { atoms, norms, products, sums }: Search,
  targets: Matrix,
  found: readonly Pursuit[],
): Promise<void> {
  const { data } = await products.multiply(targets, atoms, { transposeRight: true });
  found.forEach(({ length }, i) => {
    const scale = 1 / (norms.longest * length || 1);
    const row = sums.basisRow(i);
    for (let j = 0, at = i * atoms.rows; j < row.length; j++, at++) row[j] = data[at] * scale;
  });
}

/** D·r = D·x − Σ c_j·D·D_j of each open row, over the columns and D·x of all rows, in their scales. */
function residualMixture(
  { cache }: Search,
  open: readonly number[],
  residuals: readonly Residual[],
): Mixture {
  const builder = new MixtureBuilder();
  open.forEach((i, at) => {
    const { picks, shares } = residuals[at];
    const places = picks.map((pick) => cache.placeOf(pick));
    builder.addRow([cache.size + i, ...places], [1, ...shares.map((share) => -share)]);
  });
  return builder.build();
}

/** Computes D·D_j / (‖D_j‖ · the longest) for the picks that have no column yet. */
async function cacheColumns(
  { atoms, norms, sums, cache, products }: Search,
  picks: readonly number[],
): Promise<void> {
  const missing = cache.take(picks);
  if (missing.length === 0) return;
  const { data } = await products.multiply(selectRows(atoms, missing), atoms, { transposeRight: true });
  missing.forEach((pick, i) => {
    const column = data.subarray(i * atoms.rows, (i + 1) * atoms.rows);
    const scale = 1 / (norms.longest * norms.of[pick]);
    for (let j = 0; j < column.length; j++) column[j] *= scale;
    encodeInto("F16", column, sums.row(cache.placeOf(pick)));
  });
}

/** The bits of D_i·D_j as they are cached, of a pick j. */
function columnReader({ cache, sums }: Search): (pick: number) => (atom: number) => number {
  const { bytes, stride } = sums.stored;
  const halves = halvesOf(bytes);
  return (pick) => {
    const start = (cache.placeOf(pick) * stride) / 2;
    return (atom) => halves[start + atom];
  };
}

function halvesOf(bytes: Uint8Array): Uint16Array {
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
}
