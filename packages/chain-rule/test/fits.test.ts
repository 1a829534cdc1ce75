import type { EmbeddingTable } from "@revocab/core";
import { matrixOfBytes, randomStream } from "@revocab/matrix";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contextualShares } from "../src/contextual-shares.ts";
import { firstPieceCorrections } from "../src/first-piece-corrections.ts";
import { type FitProducts, fitClasses, openFitProducts, releaseFitProducts } from "../src/fit-classes.ts";

const width = 4;
const places = 600;
const stream = randomStream(4, 0);
/** Normals, and a one: a bias exists. */
const states = Float64Array.from({ length: places * width }, (_, at) =>
  at % width === width - 1 ? 1 : stream.normal(),
);
const inverse = Float64Array.from({ length: width * width }, (_, at) => Number(at % (width + 1) === 0));
let products: FitProducts;
beforeAll(async () => {
  products = await openFitProducts(1);
});
afterAll(() => releaseFitProducts(products));

/** Token 1 follows states with a positive first coordinate, token 0 the others. */
const tokens = Uint32Array.from({ length: places }, (_, at) => Number(states[at * width] > 0));

/** How often the row with the higher score is that of the token that follows. */
function shareRight(rows: readonly ArrayLike<number>[]): number {
  let right = 0;
  for (let at = 0; at < places; at++) {
    const scores = rows.map((row) =>
      Array.from(row).reduce((sum, value, j) => sum + value * states[at * width + j], 0),
    );
    right += Number(scores[1] > scores[0] === (tokens[at] === 1));
  }
  return right / places;
}

describe("shares that depend on the state", () => {
  const options = () => ({
    width,
    states,
    tokens,
    groups: new Map([
      [7, [0, 1]],
      [8, [2]],
    ]),
    logShares: Float64Array.of(Math.log(0.5), Math.log(0.5), 0),
    unit: Float64Array.of(0, 0, 0, 1),
    inverse,
    products,
  });

  it("tell tokens apart that the shares without context cannot", async () => {
    const shares = await contextualShares({ ...options(), prior: 1 });
    expect([...shares.keys()]).toEqual([0, 1]);
    expect(shareRight([shares.get(0)!, shares.get(1)!])).toBeGreaterThan(0.95);
  });

  it("stay what they are under a prior that outweighs the text", async () => {
    const shares = await contextualShares({ ...options(), prior: 1e9 });
    for (const row of shares.values()) for (const value of row) expect(Math.abs(value)).toBeLessThan(1e-5);
  });
});

describe("what is added to first pieces", () => {
  /** A head whose two pieces have `difference` between their rows' first coordinates, and a bias. */
  const correct = async (following: Uint32Array, difference: number, bias = [0, 0]) => {
    const notes: string[] = [];
    const rows = Float32Array.of(0, 0, 0, 0, difference, 0, 0, 0);
    const corrections = await firstPieceCorrections({
      width,
      states,
      tokens: following,
      groups: new Map([
        [0, [0]],
        [1, [1]],
      ]),
      mainHead: {
        table: table("output", rows, width, false),
        bias: table("output.bias", Float32Array.from(bias), 1, true),
      },
      inverse,
      products,
      onNote: (note) => notes.push(note),
    });
    return { corrections, notes, rows };
  };

  it("is much where the text contradicts the model: its errors are undone", async () => {
    const { corrections, notes, rows } = await correct(tokens, -3);
    expect(shareRight([rows.subarray(0, 4), rows.subarray(4)])).toBeLessThan(0.05);
    const corrected = [0, 1].map((piece) =>
      Float64Array.from(corrections.get(piece)!, (value, j) => value + rows[piece * width + j]),
    );
    expect(shareRight(corrected)).toBeGreaterThan(0.95);
    const [, before, after] = /cost ([\d.]+) bits .*, ([\d.]+) fitted/.exec(notes[0])!;
    expect(Number(after)).toBeLessThan(Number(before) / 2);
  });

  it("is nothing where the text has what the model says, by chance", async () => {
    const draws = randomStream(9, 0);
    const drawn = Uint32Array.from({ length: places }, (_, at) =>
      Number(draws.uniform() < 1 / (1 + Math.exp(-2 * states[at * width]))),
    );
    const { corrections, notes } = await correct(drawn, 2);
    for (const row of corrections.values()) {
      for (const value of row) expect(Math.abs(value)).toBeLessThan(0.15);
    }
    expect(notes).toHaveLength(1);
  });

  it("reckons with the head's bias", async () => {
    const ones = Uint32Array.from({ length: places }, (_, at) => Number(at % 100 !== 0));
    // the bias says that piece 1 comes 99 times in 100: there is nothing to learn
    const { corrections } = await correct(ones, 0, [0, Math.log(99)]);
    for (const row of corrections.values()) {
      for (const value of row) expect(Math.abs(value)).toBeLessThan(0.15);
    }
    // without it there is
    const unbiased = await correct(ones, 0);
    expect(unbiased.corrections.get(1)![3] - unbiased.corrections.get(0)![3]).toBeGreaterThan(2);
  });

  it("can be stopped", async () => {
    const stopped = fitClasses({
      width,
      states,
      contexts: Array.from(tokens, (k, at) => ({ at, k })),
      classes: 2,
      baseOf: async (_, contexts) => new Float64Array(2 * contexts),
      inverse,
      prior: 30,
      products,
      job: { abortSignal: AbortSignal.abort() },
    });
    await expect(stopped).rejects.toMatchObject({ code: "aborted" });
  });

  it("is nothing for a text of one piece", async () => {
    const { corrections } = await correct(new Uint32Array(places), 1);
    expect(corrections.size).toBe(0);
  });
});

function table(slot: string, rows: Float32Array, columns: number, isBias: boolean): EmbeddingTable {
  const matrix = matrixOfBytes(
    { rows: rows.length / columns, columns, dtype: "F32" },
    new Uint8Array(rows.buffer),
  );
  return { slot, role: "output", isBias, matrix };
}
