import type { Matrix, RotaryHeads } from "@revocab/core";
import { describe, expect, it } from "vitest";
import {
  type MatchingPursuitOptions,
  matchingPursuit,
  rowsOfPicks,
} from "../../src/solvers/matching-pursuit.ts";
import { frequencies, nearestPosition, rotated } from "../../src/solvers/rotary.ts";
import {
  areFinite,
  awkwardRows,
  degenerateAnchors,
  difference,
  golden,
  matrixOf,
  mixed,
  randomMatrix,
  rowsOf,
} from "./matrices.ts";

const HEADS = { heads: 2, base: 10000 };

interface BothSides extends Omit<MatchingPursuitOptions, "rotary"> {
  readonly source: Matrix;
  readonly rotary?: { readonly donor: RotaryHeads; readonly source: RotaryHeads };
}

/** The picks, and the rows that the source has for them. */
async function pursue({ source, rotary, ...options }: BothSides) {
  const found = await matchingPursuit({ ...options, rotary: rotary?.donor });
  const all = Array.from({ length: options.rows.rows }, (_, row) => row);
  return { ...found, rows: rowsOfPicks(found, all, source, rotary?.source) };
}

describe("matching pursuit", () => {
  const figures = golden("mergekit_methods").mp_rope_k3;
  const donor = matrixOf(figures.points_a);
  const source = matrixOf(figures.points_b);
  const rows = matrixOf(figures.targets);

  it("with rotary positions equals the reference", async () => {
    const [picks, coefficients, expected] = figures.outputs;
    const rotary = { donor: HEADS, source: HEADS };
    const found = await pursue({ donor, source, rows, k: 3, rotary });
    expect(rowsOf(found.picks).map(({ sources }) => sources)).toEqual(picks);
    expect(difference(found.picks.weights, coefficients.flat())).toBeLessThan(1e-4);
    expect(difference(found.rows.data, expected.flat())).toBeLessThan(1e-4);
  });

  it("without positions gives weighted sums of source rows", async () => {
    const found = await pursue({ donor, source, rows, k: 5 });
    expect(difference(found.rows.data, mixed(found.picks, source).data)).toBeLessThan(1e-5);
    expect([...found.positions].every((position) => position === 0)).toBe(true);
  });

  it("of one pick takes the anchor of the largest product, as long as it explains", async () => {
    const found = await pursue({
      donor: matrixOf([
        [1, 0],
        [0, -2],
      ]),
      source: matrixOf([[1], [10]]),
      rows: matrixOf([[1, 1]]),
      k: 1,
    });
    expect(rowsOf(found.picks)).toEqual([{ sources: [1], weights: [-0.5] }]);
    expect([...found.rows.data]).toEqual([-5]);
  });

  it("says how much of a row is left, which more picks make less", async () => {
    const { relativeErrors, picks } = await matchingPursuit({ donor, rows, k: 2 });
    const sums = mixed(picks, donor);
    for (let i = 0; i < rows.rows; i++) {
      const x = rows.data.subarray(i * 8, (i + 1) * 8);
      const left = x.map((value, j) => value - sums.data[i * 8 + j]);
      expect(relativeErrors[i]).toBeCloseTo(Math.hypot(...left) / Math.hypot(...x), 5);
    }
    const more = await matchingPursuit({ donor, rows, k: 5 });
    expect(more.relativeErrors.every((error, i) => error <= relativeErrors[i])).toBe(true);
  });

  it("stops where a token is an anchor", async () => {
    const token = { rows: 1, columns: 8, data: donor.data.slice(0, 8) };
    const longest = { ...donor, data: donor.data.map((value, i) => (i < 8 ? value * 3 : value)) };
    const found = await pursue({ donor: longest, source, rows: token, k: 6 });
    const [{ sources, weights }] = rowsOf(found.picks);
    expect(sources).toEqual([0]);
    expect(weights[0]).toBeCloseTo(1 / 3, 5);
  });

  it("is the same at once and token by token", async () => {
    const tokens = randomMatrix(9, 8, 3);
    const rotary = { donor: HEADS, source: HEADS };
    const all = await pursue({ donor, source, rows: tokens, k: 4, rotary });
    for (let i = 0; i < 9; i++) {
      const row = { rows: 1, columns: 8, data: tokens.data.subarray(i * 8, (i + 1) * 8) };
      const one = await pursue({ donor, source, rows: row, k: 4, rotary });
      expect([...one.rows.data]).toEqual([...all.rows.data.subarray(i * 8, (i + 1) * 8)]);
    }
  });

  for (const { name, donor, source } of degenerateAnchors()) {
    it(`has finite rows for ${name}`, async () => {
      const rows = awkwardRows(donor);
      const isEven = donor.columns % 2 === 0 && source.columns % 2 === 0;
      const one = { heads: 1, base: 10000 };
      for (const rotary of isEven ? [undefined, { donor: one, source: one }] : [undefined]) {
        const found = await pursue({ donor, source, rows, k: 99, rotary });
        expect(areFinite(found.rows.data)).toBe(true);
        expect(areFinite(found.picks.weights)).toBe(true);
        expect(rowsOf(found.picks)[0].sources).toEqual([]);
        for (const { sources } of rowsOf(found.picks)) expect(new Set(sources).size).toBe(sources.length);
      }
    });
  }

  it("names what it cannot use", async () => {
    const odd = { heads: 3, base: 10000 };
    const call = (options: object) => pursue({ donor, source, rows, k: 3, ...options });
    await expect(call({ rotary: { donor: odd, source: HEADS } })).rejects.toMatchObject({
      code: "bad_options",
    });
    const flat = { heads: 2, base: 0 };
    await expect(call({ rotary: { donor: HEADS, source: flat } })).rejects.toMatchObject({
      code: "bad_options",
    });
    await expect(call({ k: 1.5 })).rejects.toMatchObject({ code: "bad_options" });
    await expect(call({ rows: matrixOf([[1]]) })).rejects.toMatchObject({ code: "shape_mismatch" });
    await expect(call({ job: { abortSignal: AbortSignal.abort() } })).rejects.toMatchObject({
      code: "aborted",
    });
  });
});

describe("rotary positions", () => {
  it("turn pairs half a head apart and keep lengths", () => {
    const turns = frequencies({ heads: 1, base: 10000 }, 4);
    expect(difference(turns, [1, 0.01])).toBeLessThan(1e-12);
    const found = rotated(Float32Array.of(1, 1, 0, 0), Math.PI / 2, turns);
    expect(difference(found, [0, Math.cos(Math.PI / 200), 1, Math.sin(Math.PI / 200)])).toBeLessThan(1e-12);
  });

  it("are found again from a turned row", () => {
    const turns = frequencies(HEADS, 8);
    const row = randomMatrix(1, 8, 5).data;
    for (const position of [-1.2, 0, 0.4]) {
      const target = Float32Array.from(rotated(row, position, turns));
      expect(nearestPosition(row, target, turns)).toBeCloseTo(position, 5);
    }
  });
});
