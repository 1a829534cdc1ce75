import { type Job, type Matrix, quiet, RevocabError, type StoredMatrix } from "@revocab/core";
import { multiplyTransposed, readRows, selectRows, storeMatrix } from "@revocab/matrix";

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

/** @param places [n] the rows of `stored` that `truth` was read from */
async function rankTruth(
  guesses: Matrix,
  truth: Matrix,
  places: readonly number[],
  { stored, isUsed, slot, job }: ReconstructionOptions,
): Promise<Pick<Reconstruction, "ranks" | "candidates">> {
  const own = new Float32Array(truth.rows);
  await multiplyTransposed({
    left: guesses,
    right: storeMatrix(truth),
    normalize: true,
    job: quiet(job),
    onBlock(start, { columns, data }) {
      for (let j = 0; j < columns; j++) own[start + j] = data[(start + j) * columns + j];
    },
  });
  const ranks = new Array<number>(truth.rows).fill(1);
  let candidates = 0;
  await multiplyTransposed({
    left: guesses,
    right: stored,
    normalize: true,
    step: `rank ${slot}`,
    job,
    onBlock(start, { rows, columns, data }) {
      for (let j = 0; j < columns; j++) {
        if (!isUsed(start + j)) continue;
        candidates++;
        for (let i = 0; i < rows; i++) {
          if (data[i * columns + j] >= own[i] && places[i] !== start + j) ranks[i]++;
        }
      }
    },
  });
  return { ranks, candidates };
}

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
