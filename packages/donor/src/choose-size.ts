import type { StoredMatrix } from "@revocab/core";
import { randomStream, readRows, selectRows } from "@revocab/matrix";
import type { DonorEvidence } from "./anchors.ts";
import type { AnchorPursuit, PursuedRow } from "./pursue-anchors.ts";

export interface SizeChoice {
  readonly k: number;
  /** That of k. */
  readonly error: number;
  /** For each k that was tried: Σ_t ‖Σ c_i·B_i − B_t‖ / Σ_t ‖B_t‖ over anchors t that were left out. */
  readonly errors: readonly { readonly k: number; readonly error: number }[];
  /** Anchors that were left out, one at a time. */
  readonly count: number;
}

export interface ChooseSizeOptions {
  readonly evidence: DonorEvidence;
  /** [V_s × d_s] */
  readonly source: StoredMatrix;
  readonly pursue: AnchorPursuit;
  /** The sample is drawn from so many anchors, the first ones. @default all */
  readonly among?: number;
  readonly seed: number;
  readonly step: string;
}

/**
 * The number of atoms that best predicts source rows which are known: a sample of anchors is left out, one at a time, and each is
 * computed from the others as a new token would be, with 1, 2, 4, … atoms, below the donor's width and at most {@link MOST}. The k with the smallest error in all
 * is chosen, the smaller of two equal ones: a few rows that are far too long harm a model more than a better median is worth.
 * @throws RevocabError aborted
 */
export async function chooseSize({
  evidence: { anchors, anchorRows },
  source,
  pursue,
  among = anchorRows.rows,
  seed,
  step,
}: ChooseSizeOptions): Promise<SizeChoice> {
  const sizes = sizesFor(anchorRows.rows - 1, anchorRows.columns);
  const sample = sampleOf(among, seed);
  const missed = sizes.map(() => 0);
  let length = 0;
  const found: PursuedRow[] = [];
  await pursue({
    count: sample.length,
    read: async (start, n) => selectRows(anchorRows, sample.subarray(start, start + n)),
    k: sizes.at(-1)!,
    except: (row) => sample[row],
    onRow: (_, one) => found.push(one),
    step,
  });
  for (const [row, one] of found.entries()) {
    const ids = [sample[row], ...one.picks].map((anchor) => anchors.sources[anchor]);
    const { columns, data } = await readRows(source, ids);
    length += distance(new Float64Array(0), data, columns);
    sizes.forEach((size, i) => {
      missed[i] += distance(one.coefficients(Math.min(size, one.picks.length)), data, columns);
    });
  }
  const errors = sizes.map((k, i) => ({ k, error: missed[i] / length }));
  const best = errors.reduce((chosen, one) => (one.error < chosen.error ? one : chosen));
  return { ...best, errors, count: sample.length };
}

/** The work grows with k²; as many as twice the paper's 64. */
const MOST = 128;

/** Enough for an error that differs by less from sample to sample than from k to k. */
const SAMPLE = 200;

function sizesFor(atoms: number, width: number): number[] {
  const sizes: number[] = [];
  for (let k = 1; k <= MOST && k <= atoms && k < width; k *= 2) sizes.push(k);
  return sizes;
}

/** Anchors drawn without repetition, ascending. */
function sampleOf(count: number, seed: number): Uint32Array {
  if (count <= SAMPLE) return Uint32Array.from({ length: count }, (_, anchor) => anchor);
  const { uniform } = randomStream(seed, 0);
  const drawn = new Set<number>();
  while (drawn.size < SAMPLE) drawn.add(Math.floor(uniform() * count));
  return Uint32Array.from(drawn).sort();
}

/** ‖Σ c_i·B_i − b‖. @param data b, then the rows B */
function distance(coefficients: Float64Array, data: Float32Array, columns: number): number {
  let square = 0;
  for (let i = 0; i < columns; i++) {
    let value = 0;
    for (let j = 0; j < coefficients.length; j++) value += coefficients[j] * data[(j + 1) * columns + i];
    square += (value - data[i]) ** 2;
  }
  return Math.sqrt(square);
}
