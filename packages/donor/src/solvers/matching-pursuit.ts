import { type Job, type Matrix, type Mixture, quiet, type RotaryHeads } from "@revocab/core";
import { MixtureBuilder, mixtureRow, selectRows } from "@revocab/matrix";
import { nearestRows } from "@revocab/neighbors";
import { checkDonorRows, clampedCount, isZeroRow, rowOf } from "./anchor-rows.ts";
import { letOthersRun } from "./let-others-run.ts";
import { minimumNormWeights } from "./minimum-norm-weights.ts";
import { checkHeads, frequencies, nearestPosition, rotated } from "./rotary.ts";

export interface MatchingPursuitOptions {
  /** D [A × d_d] */
  readonly donor: Matrix;
  /** x [n × d_d] donor rows of new tokens. */
  readonly rows: Matrix;
  /** Picks per token; more than there are anchors means all of them. */
  readonly k: number;
  /** How positions turn the donor's rows. @default rows are not turned: plain matching pursuit */
  readonly rotary?: RotaryHeads;
  /** `threads`: of the runtime. @default all cores */
  readonly job?: Job;
}

export interface MatchingPursuit {
  /** Picked anchors in order, with their coefficients; empty for a row of zeros, or one at right angles to every anchor. */
  readonly picks: Mixture;
  /** At which position each of `picks` stands. */
  readonly positions: Float64Array;
  /** [n] ‖Σ c_i·turn(D_i, p_i) − x‖ / ‖x‖; 1 where nothing was picked. */
  readonly relativeErrors: Float64Array;
}

/**
 * Matching pursuit with rotary positions: k times the anchor with the largest |⟨r, D_i⟩| that is not picked yet is turned to
 * the position p at which it is nearest to ±r, and what it explains comes off the residual r (at first x). Then c has the least
 * ‖Σ c_i·turn(D_i, p_i) − x‖.
 *
 * Picking ends early when less than 10⁻⁶ of x is left. The anchors are searched exactly, to within the rounding of f32
 * products; of equals the lower number is picked.
 *
 * Every pick compares every residual with every anchor, 4·n·A·d_d flops: the turned anchors have no products to keep.
 * @see https://github.com/arcee-ai/mergekit matching pursuit with RoPE of tokensurgeon
 * @throws RevocabError no_evidence without anchors; shape_mismatch; bad_options; not_finite; aborted
 */
export async function matchingPursuit(options: MatchingPursuitOptions): Promise<MatchingPursuit> {
  const { donor, rows, k, rotary, job } = options;
  checkDonorRows(donor, rows);
  const count = clampedCount(k, donor.rows);
  const turns = turnsOf("donor", rotary, donor.columns);
  const picked = await pick(donor, rows, count, turns, job);
  const builder = new MixtureBuilder();
  const relativeErrors = new Float64Array(rows.rows);
  for (const [token, picks] of picked.entries()) {
    if (token % TOKENS_AT_A_TIME === 0) await letOthersRun(job);
    const x = rowOf(rows, token);
    const atoms = picks.map(({ anchor, position }) => turned(rowOf(donor, anchor), position, turns));
    const weights = await minimumNormWeights(stacked(atoms, donor.columns), x);
    builder.addRow(
      picks.map(({ anchor }) => anchor),
      weights,
    );
    const left = Float64Array.from(x);
    for (const [i, atom] of atoms.entries()) addScaled(left, atom, -weights[i]);
    relativeErrors[token] = picks.length === 0 ? 1 : lengthOf(left) / lengthOf(x);
  }
  const positions = Float64Array.from(picked.flatMap((picks) => picks.map(({ position }) => position)));
  return { picks: builder.build(), positions, relativeErrors };
}

/**
 * Σ c_i·turn(B_i, p_i) for each of the given rows of `found` → [rows × d_s], turned as the source turns; zeros where nothing was picked.
 * @param source B [A × d_s]
 * @throws RevocabError bad_options for heads that do not fit the width
 */
export function rowsOfPicks(
  { picks, positions }: Omit<MatchingPursuit, "relativeErrors">,
  rows: readonly number[],
  source: Matrix,
  rotary?: RotaryHeads,
): Matrix {
  const turns = turnsOf("source", rotary, source.columns);
  const data = new Float32Array(rows.length * source.columns);
  for (const [at, row] of rows.entries()) {
    const { sources, weights } = mixtureRow(picks, row);
    const sum = new Float64Array(source.columns);
    for (const [i, anchor] of sources.entries()) {
      const position = positions[picks.offsets[row] + i];
      addScaled(sum, turned(rowOf(source, anchor), position, turns), weights[i]);
    }
    data.set(sum, at * source.columns);
  }
  return { rows: rows.length, columns: source.columns, data };
}

function turnsOf(
  side: "donor" | "source",
  rotary: RotaryHeads | undefined,
  columns: number,
): Float64Array | undefined {
  if (rotary === undefined) return undefined;
  checkHeads(side, rotary, columns);
  return frequencies(rotary, columns);
}

interface PlacedAnchor {
  readonly anchor: number;
  readonly position: number;
}

/** The picks of each token, in order. */
async function pick(
  donor: Matrix,
  rows: Matrix,
  count: number,
  turns: Float64Array | undefined,
  job: Job | undefined,
): Promise<PlacedAnchor[][]> {
  const picks: PlacedAnchor[][] = Array.from({ length: rows.rows }, () => []);
  const residuals = { ...rows, data: rows.data.slice() };
  const enough = picks.map((_, token) => (SMALLEST_RESIDUAL * lengthOf(rowOf(rows, token))) ** 2);
  let active = picks.map((_, token) => token).filter((token) => !isZeroRow(rowOf(rows, token)));
  for (let step = 0; step < count && active.length > 0; step++) {
    const found = await largestProducts(selectRows(residuals, active), donor, step + 1, job);
    active = active.filter((token, i) => {
      const anchor = found[i].find((id) => picks[token].every((known) => known.anchor !== id));
      if (anchor === undefined) return false;
      const residual = rowOf(residuals, token);
      const atom = rowOf(donor, anchor);
      const position = turns ? nearestPosition(atom, residual, turns) : 0;
      picks[token].push({ anchor, position });
      return takeOff(residual, turned(atom, position, turns)) > enough[token];
    });
    job?.onProgress?.({ type: "progress", step: "pick tokens", done: step + 1, total: count, unit: "rows" });
  }
  return picks;
}

/** Of x: what f32 holds of it. */
const SMALLEST_RESIDUAL = 1e-6;

/**
 * For each of `residuals` [m × d] the `count` anchors with the largest |product|, the largest first; fewer where the others'
 * are 0.
 */
async function largestProducts(
  residuals: Matrix,
  donor: Matrix,
  count: number,
  job: Job | undefined,
): Promise<number[][]> {
  const { rows: m, columns, data } = residuals;
  const both = new Float32Array(2 * data.length);
  both.set(data);
  for (let i = 0; i < data.length; i++) both[data.length + i] = -data[i];
  const { k, ids, similarities } = await nearestRows({
    queries: { rows: 2 * m, columns, data: both },
    rows: donor,
    k: count,
    metric: "dot",
    index: "exact",
    job: quiet(job),
  });
  return Array.from({ length: m }, (_, i) => {
    const candidates = [i, m + i].flatMap((query) =>
      Array.from({ length: k }, (_, j) => ({ id: ids[query * k + j], size: similarities[query * k + j] })),
    );
    return candidates
      .filter(({ size }) => size > 0)
      .sort((a, b) => b.size - a.size || a.id - b.id)
      .map(({ id }) => id);
  });
}

/** r ← r − ⟨r, a⟩/⟨a, a⟩·a @returns the square of the length that is left */
function takeOff(residual: Float32Array, atom: Float64Array): number {
  let product = 0;
  let square = 0;
  for (let i = 0; i < atom.length; i++) {
    product += residual[i] * atom[i];
    square += atom[i] * atom[i];
  }
  let left = 0;
  for (let i = 0; i < atom.length; i++) {
    residual[i] -= (product / square) * atom[i];
    left += residual[i] * residual[i];
  }
  return left;
}

const TOKENS_AT_A_TIME = 256;

function turned(row: Float32Array, position: number, turns: Float64Array | undefined): Float64Array {
  return turns ? rotated(row, position, turns) : Float64Array.from(row);
}

function stacked(rows: readonly Float64Array[], columns: number) {
  const data = new Float64Array(rows.length * columns);
  for (const [i, row] of rows.entries()) data.set(row, i * columns);
  return { rows: rows.length, columns, data };
}

function addScaled(into: Float64Array, row: Float64Array, factor: number): void {
  for (let i = 0; i < into.length; i++) into[i] += factor * row[i];
}

function lengthOf(row: Float32Array | Float64Array): number {
  let square = 0;
  for (const value of row) square += value * value;
  return Math.sqrt(square);
}
