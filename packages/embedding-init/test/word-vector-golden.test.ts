import { readFileSync } from "node:fs";
import type { InitContext, Matrix } from "@revocab/core";
import { gatherSum } from "@revocab/matrix";
import { describe, expect, it } from "vitest";
import { anchorWeights, sparsemax } from "../src/focus.ts";
import { mixtureOfTokens } from "../src/similarity-mixtures.ts";
import { nearestSources } from "../src/wechsel.ts";

const golden = (name: string) =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8"));

function matrix(rows: readonly (readonly number[])[]): Matrix {
  return { rows: rows.length, columns: rows[0].length, data: Float32Array.from(rows.flat()) };
}

/** row · W */
function turned(row: readonly number[], W: readonly (readonly number[])[]): number[] {
  return W[0].map((_, column) => row.reduce((sum, value, i) => sum + value * W[i][column], 0));
}

/** All ids are text. */
const context = {
  source: { vocabulary: { kindOf: () => "text" } },
} as unknown as InitContext;

describe("the arithmetic of WECHSEL (wechsel 395e3d4)", () => {
  const { source_sub, target_sub, source_matrix, source_tokens, target_tokens, sources, ...rest } = golden(
    "wechsel",
  ) as {
    source_sub: number[][];
    target_sub: number[][];
    source_matrix: number[][];
    source_tokens: string[];
    target_tokens: string[];
    sources: Record<string, { tokens: string[]; weights: number[]; sims: number[] }>;
    neighbors: number;
    temperature: number;
    expected: number[][];
    not_found: string[];
    procrustes: { W: number[][] };
  };
  const rows = () =>
    nearestSources({
      context,
      source: matrix(source_sub.map((row) => turned(row, rest.procrustes.W))),
      target: matrix(target_sub),
      neighbors: rest.neighbors,
      temperature: rest.temperature,
    });

  it("finds the reference's neighbors and weights, and none for a token without a vector", async () => {
    const found = await rows();
    for (const [id, token] of target_tokens.entries()) {
      const row = found.get(id);
      const expected = sources[token];
      if (expected === undefined) {
        expect(rest.not_found).toContain(token);
        expect(row).toBeUndefined();
        continue;
      }
      expect(Array.from(row?.sources ?? [], (source) => source_tokens[source])).toEqual(expected.tokens);
      for (const [i, weight] of expected.weights.entries()) expect(row?.weights[i]).toBeCloseTo(weight, 6);
    }
  });

  it("gives the reference's rows within 1e-6", async () => {
    const found = await rows();
    const tokens = Uint32Array.from(target_tokens.keys()).filter((id) => found.has(id));
    const product = gatherSum(mixtureOfTokens(tokens, found), matrix(source_matrix));
    expect(tokens.length).toBe(11);
    for (const [i, token] of tokens.entries()) {
      const row = product.data.subarray(i * product.columns, (i + 1) * product.columns);
      for (const [j, value] of row.entries()) {
        expect(Math.abs(value - rest.expected[token][j])).toBeLessThan(1e-6);
      }
    }
  });
});

describe("the arithmetic of FOCUS (deepfocus c98a81c)", () => {
  const {
    aux_new,
    aux_overlap,
    source_overlap,
    sparsemax: weights,
    focus_result,
    sparsemax_cases,
  } = golden("focus-clp") as {
    aux_new: number[][];
    aux_overlap: number[][];
    source_overlap: number[][];
    sparsemax: number[][];
    focus_result: number[][];
    sparsemax_cases: { x: number[]; y: number[] }[];
  };

  it("has the reference's sparsemax", () => {
    for (const { x, y } of sparsemax_cases) {
      sparsemax(x).forEach((weight, i) => {
        expect(weight).toBeCloseTo(y[i], 12);
      });
    }
    expect([...sparsemax([0.5])]).toEqual([1]);
    expect(sparsemax([0.3, 0.1, -2, 0.2]).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
  });

  it("weighs all anchors as the reference does, and gives its rows within 1e-6", async () => {
    const anchors = aux_overlap.map((_, i) => i);
    const tokens = aux_new.map((_, i) => anchors.length + i);
    const identity = { alignment: { sourceOf: Int32Array.from(anchors) } } as unknown as InitContext;
    const rows = await anchorWeights(identity, matrix([...aux_overlap, ...aux_new]), tokens, anchors);
    for (const [i, token] of tokens.entries()) {
      const dense = new Float64Array(anchors.length);
      const { sources, weights: found } = rows.get(token) ?? { sources: [], weights: [] };
      for (let j = 0; j < sources.length; j++) dense[sources[j]] = found[j];
      for (const [j, weight] of dense.entries()) expect(Math.abs(weight - weights[i][j])).toBeLessThan(1e-6);
    }
    const product = gatherSum(mixtureOfTokens(Uint32Array.from(tokens), rows), matrix(source_overlap));
    for (const [i, value] of focus_result.flat().entries()) {
      expect(Math.abs(product.data[i] - value)).toBeLessThan(1e-6);
    }
  });
});
