import { openHeadGradient, type WeighLosses } from "@revocab/transformer-runtime";
import { describe, expect, it } from "vitest";

const d = 8;
const V = 20;
const N = 7;

const drawn = (size: number, seed: number) =>
  Float32Array.from({ length: size }, (_, i) => Math.sin((i + 1) * 12.9898 * seed));

/** The parts of a transformer that a head needs. */
const headOf = (head: { scale?: number; softCap?: number }) =>
  ({ description: { head }, computation: { threads: 1 }, width: d }) as unknown as Parameters<
    typeof openHeadGradient
  >[0];

const table = drawn(V * d, 1);
const bias = drawn(V, 2);
const hidden = drawn(N * d, 3);
const targets = [0, 19, 3, 3, 12, 7, 18];

/** Loss and gradients where the first `R` rows learn. */
async function gradients(
  R: number,
  head: { scale?: number; softCap?: number },
  withBias: boolean,
  weigh?: WeighLosses,
) {
  const opened = openHeadGradient(headOf(head), {
    fixed: table.slice(R * d),
    ...(withBias && { bias }),
  });
  const byLearning = new Float32Array(R * d);
  const { loss, byHidden } = await opened.add(hidden, targets, table.slice(0, R * d), byLearning, weigh);
  await opened.close();
  return { loss, byHidden, byLearning };
}

/** Σ −ln p, in f64. */
function lossOf(...options: Parameters<typeof lossesOf>): number {
  return lossesOf(...options).reduce((sum, loss) => sum + loss, 0);
}

/** −ln p of each target, in f64. */
function lossesOf(
  states: Float64Array,
  { scale = 1, softCap }: { scale?: number; softCap?: number },
  withBias: boolean,
  rows: ArrayLike<number> = table,
): number[] {
  return targets.map((target, n) => {
    const logits = Array.from({ length: V }, (_, v) => {
      let product = withBias ? bias[v] : 0;
      for (let j = 0; j < d; j++) product += states[n * d + j] * rows[v * d + j];
      const scaled = product * scale;
      return softCap === undefined ? scaled : softCap * Math.tanh(scaled / softCap);
    });
    return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - logits[target];
  });
}

describe.each([
  ["a plain head", {}, false],
  ["a head with a bias", {}, true],
  ["scaled logits", { scale: 0.3 }, false],
  ["soft caps", { scale: 2, softCap: 3 }, true],
] as const)("%s", (_, head, withBias) => {
  it("gives the loss, and the gradient by hidden states that small changes make", async () => {
    const { loss, byHidden } = await gradients(V, head, withBias);
    const states = Float64Array.from(hidden);
    expect(loss).toBeCloseTo(lossOf(states, head, withBias), 4);
    for (const i of states.keys()) {
      const at = (step: number) => lossOf(states.with(i, states[i] + step), head, withBias);
      expect(byHidden[i]).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 4);
    }
  });

  it("gives the same whichever rows learn: all, some, or one", async () => {
    const all = await gradients(V, head, withBias);
    for (const R of [12, 1]) {
      const some = await gradients(R, head, withBias);
      expect(some.loss).toBeCloseTo(all.loss, 4);
      for (const [i, value] of some.byHidden.entries()) expect(value).toBeCloseTo(all.byHidden[i], 5);
      for (const [i, value] of some.byLearning.entries()) expect(value).toBeCloseTo(all.byLearning[i], 5);
    }
  });

  it("weighs each target by the losses of all, in both gradients", async () => {
    const states = Float64Array.from(hidden);
    /** Negative weights and zeros, too. */
    const weights = Float32Array.from({ length: N }, (_, i) => i - 2);
    let given: Float32Array | undefined;
    const weigh: WeighLosses = (losses) => {
      given = losses;
      return weights;
    };
    const { loss, byHidden, byLearning } = await gradients(12, head, withBias, weigh);
    const expected = lossesOf(states, head, withBias);
    expect(given).toHaveLength(N);
    for (const [i, one] of given!.entries()) expect(one).toBeCloseTo(expected[i], 4);
    expect(loss).toBeCloseTo(lossOf(states, head, withBias), 4);
    const weighted = (losses: readonly number[]) => losses.reduce((sum, one, i) => sum + one * weights[i], 0);
    const slope = (at: (step: number) => readonly number[]) =>
      (weighted(at(1e-5)) - weighted(at(-1e-5))) / 2e-5;
    for (const i of states.keys()) {
      const at = (step: number) => lossesOf(states.with(i, states[i] + step), head, withBias);
      expect(byHidden[i]).toBeCloseTo(slope(at), 3);
    }
    const rows = Float64Array.from(table);
    for (const i of byLearning.keys()) {
      const at = (step: number) => lossesOf(states, head, withBias, rows.with(i, rows[i] + step));
      expect(byLearning[i]).toBeCloseTo(slope(at), 3);
    }
  });
});
