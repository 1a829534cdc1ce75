import { freemem } from "node:os";
import { type Job, type Matrix, RevocabError, threadsOf, throwIfAborted } from "@revocab/core";
import { selectRows } from "@revocab/matrix";
import {
  openRowProducts,
  openRowSums,
  type RowProducts,
  type RowSums,
  STRIP_COLUMNS,
} from "@revocab/matrix/internal";
import type { DenseProducts } from "@revocab/onnx";
import { AtomPlaces } from "./atom-places.ts";
import { Pursuit, productOfResidual } from "./pursuit.ts";
import {
  type Norms,
  normsOf,
  ONE,
  type RoundedResidual,
  roundResidual,
  strongestAtoms,
} from "./strongest-atoms.ts";

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
  /** Bytes for products of atoms. The result does not depend on it. @default 2.1 GiB, at most half of what is free */
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
 * Batch OMP: D·x of a row is one row of a product of matrices. Then a step costs a row A · step products, D·r = D·x − Σ c_j·D·D_j, where D·D_j is
 * computed once and held, all in whole numbers of 16 bits. These only say which atoms may have the largest |⟨r, D_i⟩|, by more than all roundings
 * can amount to; among several the pick is by sums in f64, of equal ones the lowest number. Least squares are in f64. So neither threads nor
 * blocks nor the runtime's way to add change a bit of the result.
 *
 * The sums read 2 bytes a product, from many places. So thousands of rows take their steps together, and do so for 32 atoms at a
 * time: what the columns have of these stays in the cache.
 *
 * Memory: `memoryLimit` and about 150 MB beside D.
 * Source: Rubinstein, Zibulevsky and Elad, Efficient Implementation of the K-SVD Algorithm using Batch Orthogonal Matching Pursuit (Technion, CS-2008-08).
 * @throws RevocabError not_enough_memory for more atoms than `memoryLimit` has room for; aborted
 */
export async function orthogonalPursuit(options: PursuitOptions): Promise<void> {
  const { atoms, count, read, onRow, memoryLimit = defaultMemory(), job, step } = options;
  const k = Math.min(options.k, atoms.rows);
  if (count === 0 || k === 0) return;
  const search = openSearch(options, k, placesFor(atoms, k, count, memoryLimit));
  try {
    if (search.columns >= atoms.rows && count * k >= MANY_PICKS * atoms.rows) await holdAllColumns(search);
    for (let start = 0; start < count; start += search.block) {
      const n = Math.min(search.block, count - start);
      const found = await pursueBlock(search, start, await read(start, n), (steps) => {
        const done = start + Math.floor((n * steps) / k);
        job?.onProgress?.({ type: "progress", step, done, total: count, unit: "rows" });
      });
      for (const [i, one] of found.entries()) onRow(start + i, one);
    }
  } finally {
    await search.sums.close();
    await search.dots.close();
  }
}

/** All columns of 30,000 atoms fit into 1.8 GiB, and the rows of a block beside them. */
function defaultMemory(): number {
  return Math.min(2.1 * 2 ** 30, freemem() / 2);
}

/** Rows that take their steps together: with more, the columns that all of them read cost little beside the sums. */
const MOST_ROWS = 4096;

/** Rows of one product of matrices: beyond so many, reading D costs little beside it. */
const PRODUCT_ROWS = 256;

/** Picks for each atom from which nearly all atoms are picked by some row. */
const MANY_PICKS = 4;

/** Products so few that starting threads takes longer. */
const SMALL = 2e8;

/** How many atoms have their row and column held, and how many rows take their steps together: each may need k atoms of its own. */
function placesFor({ rows, columns: width }: Matrix, k: number, count: number, memoryLimit: number) {
  const strips = Math.ceil(rows / STRIP_COLUMNS);
  const bytesPerAtom = strips * STRIP_COLUMNS * 2 + width * 4;
  // D·x, the largest of each strip, x and a candidate, least squares, and what the kernels are told
  const bytesPerRow = strips * (STRIP_COLUMNS * 2 + 8) + width * 8 + k * (k * 4 + 64) + STRIP_COLUMNS * 8;
  const withAll = (memoryLimit - rows * bytesPerAtom) / bytesPerRow;
  const withOwn = memoryLimit / (bytesPerRow + k * bytesPerAtom);
  const block = Math.min(MOST_ROWS, count, Math.floor(Math.max(withAll, withOwn)));
  if (block >= 1) {
    const columns = Math.min(rows, Math.floor((memoryLimit - block * bytesPerRow) / bytesPerAtom));
    return { block, columns };
  }
  const needed = bytesPerRow + k * bytesPerAtom;
  throw new RevocabError(
    "not_enough_memory",
    `products of ${k} with ${rows} anchors need ${needed} bytes, expected at most ${Math.floor(memoryLimit)}`,
    { hint: "use fewer anchors (`with: anchors=20000`), or a smaller k (`with: k=16`)" },
  );
}

interface Search extends PursuitOptions {
  readonly norms: Norms;
  /** Rows that take their steps together. */
  readonly block: number;
  /** Atoms whose columns are held, and their rows. */
  readonly columns: number;
  /** Of D·x and columns D·D_j. */
  readonly sums: RowSums;
  readonly columnPlaces: AtomPlaces;
  /** Of picked atoms, then x of each row, then candidates. */
  readonly dots: RowProducts;
  readonly rowPlaces: AtomPlaces;
}

function openSearch(
  options: PursuitOptions,
  k: number,
  { block, columns }: { readonly block: number; readonly columns: number },
): Search {
  const { atoms, count, job } = options;
  const norms = normsOf(atoms);
  const threads = atoms.rows * k ** 2 * count < SMALL ? 0 : threadsOf(job);
  const shape = { columns: atoms.rows, rows: columns, starts: block, sums: block, sources: k };
  const sums = openRowSums({
    ...shape,
    scales: Float32Array.from(norms.longest, (norm) => ONE / norm),
    threads,
  });
  const dots = openRowProducts({
    columns: atoms.columns,
    rows: columns + 2 * block,
    lefts: block,
    rights: k + 1,
    threads,
  });
  const [columnPlaces, rowPlaces] = [new AtomPlaces(columns), new AtomPlaces(columns)];
  return { ...options, k, norms, block, columns, sums, columnPlaces, dots, rowPlaces };
}

/** Columns of all atoms: as few large products of matrices, they take a fraction of the time of many small ones. */
async function holdAllColumns(search: Search): Promise<void> {
  for (let start = 0; start < search.atoms.rows; start += PRODUCT_ROWS) {
    throwIfAborted(search.job?.abortSignal);
    const n = Math.min(PRODUCT_ROWS, search.atoms.rows - start);
    await holdColumns(
      search,
      Array.from({ length: n }, (_, i) => start + i),
    );
  }
}

/** All rows of a block take their steps together, so that the columns they need are computed in one product. */
async function pursueBlock(
  search: Search,
  start: number,
  targets: Matrix,
  onStep: (steps: number) => void,
): Promise<readonly Pursuit[]> {
  const { atoms, k, norms, sums, columnPlaces, job } = search;
  const found = Array.from({ length: targets.rows }, (_, i) => new Pursuit(rowOf(targets, i), k));
  await holdTargets(search, targets, found);
  let open = Array.from(found.keys()).filter((i) => !found[i].isExact);
  for (let step = 0; step < k && open.length > 0; step++) {
    throwIfAborted(job?.abortSignal);
    const except = open.map((i) => search.except?.(start + i));
    const rounded = open.map((i) => {
      const residual = found[i].residual();
      const places = residual.picks.map((pick) => columnPlaces.placeOf(pick));
      return roundResidual(residual, atoms, i, places);
    });
    const maxima = await sums.maxima(rounded.map(({ sum }) => sum));
    const candidates = strongestAtoms({ atoms, rounded, maxima, sums, norms, except });
    const added = await addStrongest(search, found, open, rounded, candidates);
    open = added.filter((i) => !found[i].isExact);
    if (step + 1 < k)
      await holdColumns(
        search,
        open.map((i) => found[i].picks.at(-1)!),
      );
    onStep(step + 1);
  }
  onStep(k);
  return found;
}

/** Holds x, and D·x as a share of the longest products that there can be. */
async function holdTargets(
  { atoms, columns, products, sums, dots }: Search,
  targets: Matrix,
  found: readonly Pursuit[],
): Promise<void> {
  for (const i of found.keys()) dots.place(rowOf(targets, i), columns + i);
  for (let start = 0; start < targets.rows; start += PRODUCT_ROWS) {
    const places = Array.from(found.keys()).slice(start, start + PRODUCT_ROWS);
    const part = selectRows(targets, places);
    const factors = places.map((i) => 1 / (found[i].length || 1));
    sums.placeStarts(await products.multiply(part, atoms, { transposeRight: true }), factors, places);
  }
}

/**
 * Adds to each open row the candidate with the largest |⟨r, D_i⟩|, of equal ones the first, unless all are 0 or the picks before span it.
 * @returns the rows that an atom was added to
 */
async function addStrongest(
  search: Search,
  found: readonly Pursuit[],
  open: readonly number[],
  rounded: readonly RoundedResidual[],
  candidates: readonly (readonly number[])[],
): Promise<number[]> {
  const { atoms, dots, rowPlaces } = search;
  const strongest = new Map<number, Candidate>();
  const given = open.flatMap((i, at) => candidates[at].map((atom) => ({ i, at, atom })));
  for (let start = 0; start < given.length; start += search.block) {
    const part = given.slice(start, start + search.block);
    const productsOf = await multiplyCandidates(search, found, part);
    part.forEach(({ i, at, atom }, candidate) => {
      const products = productsOf(candidate);
      const value = Math.abs(productOfResidual(rounded[at].residual, products));
      if (value > (strongest.get(i)?.value ?? 0))
        strongest.set(i, { atom, value, products: products.slice() });
    });
  }
  const added = open.filter((i) => {
    const pick = strongest.get(i);
    return pick !== undefined && found[i].add(pick.atom, pick.products);
  });
  for (const atom of rowPlaces.take(added.map((i) => strongest.get(i)!.atom)))
    dots.place(rowOf(atoms, atom), rowPlaces.placeOf(atom));
  return added;
}

interface Candidate {
  readonly atom: number;
  /** |⟨r, D_i⟩| */
  readonly value: number;
  readonly products: Float64Array;
}

/** The products in f64 of atoms that rows may pick, at most as many as a block has rows: with their picks, with themselves and with x. */
function multiplyCandidates(
  { atoms, block, columns, dots, rowPlaces }: Search,
  found: readonly Pursuit[],
  candidates: readonly { readonly i: number; readonly atom: number }[],
): Promise<(candidate: number) => Float64Array> {
  const requests = candidates.map(({ i, atom }, at) => {
    const left = columns + block + at;
    dots.place(rowOf(atoms, atom), left);
    return { left, rights: [...found[i].picks.map((pick) => rowPlaces.placeOf(pick)), left, columns + i] };
  });
  return dots.multiply(requests);
}

/** Computes D·D_j / (‖D_j‖ · the longest) for the atoms that have no column yet. */
async function holdColumns(
  { atoms, norms, products, sums, columnPlaces }: Search,
  wanted: readonly number[],
): Promise<void> {
  const missing = columnPlaces.take(wanted);
  for (let start = 0; start < missing.length; start += PRODUCT_ROWS) {
    const part = missing.slice(start, start + PRODUCT_ROWS);
    const columns = await products.multiply(selectRows(atoms, part), atoms, { transposeRight: true });
    const factors = part.map((atom) => 1 / (norms.of[atom] || 1));
    const places = part.map((atom) => columnPlaces.placeOf(atom));
    sums.placeRows(columns, factors, places);
  }
}

/** [d] */
function rowOf({ columns, data }: Matrix, row: number): Float32Array {
  return data.subarray(row * columns, (row + 1) * columns);
}
