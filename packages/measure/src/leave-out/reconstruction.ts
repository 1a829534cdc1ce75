import { type Job, type Matrix, RevocabError, type StoredMatrix } from "@revocab/core";
import { forEachRowBlock, normalizeRows, readRows, rowProduct, selectRows } from "@revocab/matrix";
import type { DenseProducts } from "@revocab/onnx";

export interface ReconstructionOptions {
  /** [n × d] guessed rows. */
  readonly found: Matrix;
  /** [n] the rows of `stored` that hold the true rows. */
  readonly sources: Uint32Array;
  readonly stored: StoredMatrix;
  /** Which rows of `stored` are ranked. */
  readonly isUsed: (row: number) => boolean;
  /** The name of the table, for messages. */
  readonly slot: string;
  readonly products: DenseProducts;
  readonly job?: Job;
}

/** Figures per guessed row. Rows whose true row is all zeros are left out: no error is relative to zero. */
export interface Reconstruction {
  /** The rows of `found` that were compared, ascending. */
  readonly rows: readonly number[];
  readonly cosines: readonly number[];
  readonly ranks: readonly number[];
  readonly relativeErrors: readonly number[];
  /** Rows ranked. */
  readonly candidates: number;
}

/**
 * Compares guessed rows with the true rows. The rank is 1 + the number of other used rows whose cosine to the guess is at least
 * that of the true row. Cosines and errors are in f64; ranks compare cosines in f32.
 * @throws RevocabError not_finite for a guess with an infinity or a NaN; aborted
 */
export async function reconstruction(options: ReconstructionOptions): Promise<Reconstruction> {
  const { found, sources, stored, job } = options;
  const all = await readRows(stored, sources, job);
  const rows = Array.from(sources.keys()).filter((row) => rowOf(all, row).some((value) => value !== 0));
  const truth = selectRows(all, rows);
  const guesses = selectRows(found, rows);
  const cosines: number[] = [];
  const relativeErrors: number[] = [];
  for (const row of rows.keys()) {
    const { cosine, relativeError } = compare(rowOf(guesses, row), rowOf(truth, row));
    if (!Number.isFinite(cosine)) {
      throw new RevocabError(
        "not_finite",
        `row ${sources[rows[row]]} of ${options.slot} or the row that was initialized in its place holds an infinity or a NaN`,
        { hint: "check the embeddings of the source model" },
      );
    }
    cosines.push(cosine);
    relativeErrors.push(relativeError);
  }
  const places = rows.map((row) => sources[row]);
  return { rows, cosines, relativeErrors, ...(await rankTruth(guesses, truth, places, options)) };
}

/**
 * The products by the fastest kernel there is, and again exactly where they are too near to tell. So ranks depend on neither kernel nor
 * threads, and rows that equal the true row rank before it.
 * @param places [n] the rows of `stored` that `truth` was read from
 */
async function rankTruth(
  guesses: Matrix,
  truth: Matrix,
  places: readonly number[],
  { stored, isUsed, slot, products, job }: ReconstructionOptions,
): Promise<Pick<Reconstruction, "ranks" | "candidates">> {
  normalizeRows(guesses);
  normalizeRows(truth);
  const own = Float32Array.from(places, (_, i) => rowProduct(guesses, i, truth, i));
  const isZero = places.map((_, i) => rowOf(guesses, i).every((value) => value === 0));
  const ranks = new Array<number>(truth.rows).fill(1);
  const unsure = truth.columns * UNSURE_PER_COLUMN;
  let candidates = 0;
  const visit = async (start: number, block: Matrix) => {
    normalizeRows(block);
    const { data } = await products.multiply(guesses, block, { transposeRight: true });
    const used = Uint8Array.from({ length: block.rows }, (_, j) => Number(isUsed(start + j)));
    candidates += used.reduce((sum, is) => sum + is, 0);
    for (let i = 0; i < guesses.rows; i++) {
      const cosines = data.subarray(i * block.rows, (i + 1) * block.rows);
      const isBefore = (j: number) => isZero[i] || rowProduct(guesses, i, block, j) >= own[i];
      // the true row is not ranked
      const truthAt = places[i] - start;
      ranks[i] += countBefore({ cosines, used, own: own[i], unsure, truthAt, isBefore });
    }
  };
  await forEachRowBlock(stored, visit, { step: `rank ${slot}`, job });
  return { ranks, candidates };
}

interface CountBeforeOptions {
  /** [n] of rows to one guess. */
  readonly cosines: Float32Array;
  /** [n] 0 for rows that do not count. */
  readonly used: Uint8Array;
  /** The cosine of the true row, and how near to it others are too near to tell. */
  readonly own: number;
  readonly unsure: number;
  /** The place of the true row, where it is among these. */
  readonly truthAt: number;
  /** Decides what is too near to tell. */
  readonly isBefore: (row: number) => boolean;
}

/** Rows at least as near to a guess as its true row. */
function countBefore({ cosines, used, own, unsure, truthAt, isBefore }: CountBeforeOptions): number {
  const [low, high] = [own - unsure, own + unsure];
  let count = 0;
  for (let j = 0; j < cosines.length; j++) {
    if (cosines[j] < low || used[j] === 0 || j === truthAt) continue;
    if (cosines[j] > high || isBefore(j)) count++;
  }
  return count;
}

/**
 * How far two ways to sum the products of two rows of length 1 may differ, per column: far above what rounding to f32 adds up to, which
 * grows with the root of the columns, and far below what tells most rows apart.
 */
const UNSURE_PER_COLUMN = 2 ** -27;

function compare(guess: Float32Array, truth: Float32Array): { cosine: number; relativeError: number } {
  let product = 0;
  let guessSquare = 0;
  let truthSquare = 0;
  let errorSquare = 0;
  for (let j = 0; j < truth.length; j++) {
    product += guess[j] * truth[j];
    guessSquare += guess[j] * guess[j];
    truthSquare += truth[j] * truth[j];
    errorSquare += (guess[j] - truth[j]) ** 2;
  }
  return {
    cosine: guessSquare === 0 ? 0 : product / Math.sqrt(guessSquare * truthSquare),
    relativeError: Math.sqrt(errorSquare / truthSquare),
  };
}

function rowOf({ columns, data }: Matrix, row: number): Float32Array {
  return data.subarray(row * columns, (row + 1) * columns);
}
