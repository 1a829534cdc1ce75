import { readFileSync } from "node:fs";
import type { InitContext, Mixture, Role } from "@revocab/core";
import {
  initializeRows,
  planTable,
  subtokenMean,
  WEIGHTINGS,
  type Weighting,
  withFallback,
  zero,
} from "@revocab/embedding-init";
import { mixtureRow } from "@revocab/matrix";
import { makeContext, TARGET_VOCABULARY } from "@revocab/test-support/contract-models";
import { byte, handMadeVocabulary, special, text } from "@revocab/test-support/hand-made-vocabulary";
import { describe, expect, it } from "vitest";
import { pieceWeights } from "../src/subtoken-mean.ts";

interface Golden {
  readonly v: readonly (readonly number[])[];
  readonly cases: Readonly<Record<string, readonly number[]>>;
}
const golden: Golden = JSON.parse(
  readFileSync(new URL("fixtures/transplant_front_loaded.json", import.meta.url), "utf8"),
);

describe("subtokenMean", () => {
  const context = makeContext();
  const rowOf = async (string: string, role: Role, weighting?: Weighting) => {
    const mixture = await mixtureOf(context, role, weighting);
    const id = TARGET_VOCABULARY.idsOf(new TextEncoder().encode(string))[0];
    const { sources, weights } = mixtureRow(mixture, id);
    return Array.from(sources, (source, i) => [context.source.vocabulary.tokenOf(source), weights[i]]);
  };

  it("a token becomes the mean of the pieces that spell it", async () => {
    expect(await rowOf("abc", "input")).toEqual([
      ["ab", 0.5],
      ["c", 0.5],
    ]);
    expect(await rowOf("é", "output")).toEqual([
      ["<0xC3>", 0.5],
      ["<0xA9>", 0.5],
    ]);
  });

  it("a token the source spells in one piece is that piece alone, with weight 1", async () => {
    expect(await rowOf("ab", "input")).toEqual([["ab", 1]]);
    expect(await rowOf("\n", "input")).toEqual([["<0x0A>", 1]]);
  });

  it("a piece that occurs twice counts twice, as one source", async () => {
    expect(await rowOf("aa", "input")).toEqual([["a", 1]]);
    expect(await rowOf("cab cab", "input")).toEqual([
      ["c", 0.25],
      ["ab", 0.5],
      ["▁c", 0.25],
    ]);
  });

  it("a token that cannot be spelled, a special and a hole have no evidence", async () => {
    const { offsets } = await mixtureOf(context, "input");
    const isEmpty = (id: number) => offsets[id] === offsets[id + 1];
    const unspelled = TARGET_VOCABULARY.idsOf(new TextEncoder().encode("ö"))[0];
    expect([0, 1, unspelled, 2].map(isEmpty)).toEqual([true, true, true, false]);
  });

  it("weighs pieces by their bytes", async () => {
    const row = await rowOf("abc", "input", "byte-length");
    expect(row.map(([piece]) => piece)).toEqual(["ab", "c"]);
    expect(row.map(([, weight]) => weight)).toEqual([2 / 3, 1 / 3].map(Math.fround));
  });

  it("first-last reads the last piece and predicts the first", async () => {
    expect(await rowOf("abc", "input", "first-last")).toEqual([["c", 1]]);
    expect(await rowOf("abc", "output", "first-last")).toEqual([["ab", 1]]);
  });

  it("front-loaded reads the last piece and predicts pieces that halve", async () => {
    expect(await rowOf("jig", "input", "front-loaded")).toEqual([["g", 1]]);
    const row = await rowOf("jig", "output", "front-loaded");
    expect(row.map(([piece]) => piece)).toEqual(["j", "i", "g"]);
    expect(row.map(([, weight]) => weight)).toEqual([4 / 7, 2 / 7, 1 / 7].map(Math.fround));
  });

  it("exponential leans to the last piece for the input and to the first for the head", async () => {
    const heavy = Math.fround(Math.E ** 2 / (1 + Math.E ** 2));
    const light = Math.fround(1 / (1 + Math.E ** 2));
    expect(await rowOf("abc", "input", "exponential")).toEqual([
      ["ab", light],
      ["c", heavy],
    ]);
    expect(await rowOf("abc", "output", "exponential")).toEqual([
      ["ab", heavy],
      ["c", light],
    ]);
  });

  it("head-byte-length weighs pieces the same for the input and by their bytes for the head", async () => {
    expect(await rowOf("abc", "input", "head-byte-length")).toEqual(await rowOf("abc", "input", "uniform"));
    expect(await rowOf("abc", "output", "head-byte-length")).toEqual(
      await rowOf("abc", "output", "byte-length"),
    );
  });

  it("declares whether its rows differ by role, and they do so only then", async () => {
    for (const weighting of WEIGHTINGS) {
      const input = await mixtureOf(context, "input", weighting);
      const output = await mixtureOf(context, "output", weighting);
      const differ = JSON.stringify(input) !== JSON.stringify(output);
      expect(differ).toBe(subtokenMean({ weighting }).differsByRole);
    }
  });

  it("a spelling of 1,000 different pieces stays finite and convex under every weighting", () => {
    for (const role of ["input", "output"] as const) {
      for (const weighting of WEIGHTINGS) {
        const weights = pieceWeights(weighting, { count: 1000, byteLengthOf: () => 1, role, decay: 0.5 });
        expect(weights.every((weight) => weight >= 0 && weight <= 1)).toBe(true);
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
      }
    }
  });

  for (const [decay, expected] of Object.entries(golden.cases)) {
    it(`head row with decay ${decay} equals the reference's`, async () => {
      const source = handMadeVocabulary([text("a"), text("b"), text("c"), text("d")]);
      const row = await initializeRows({
        source: {
          vocabulary: source,
          embeddings: { rows: 4, columns: 5, data: Float32Array.from(golden.v.flat()) },
        },
        target: { vocabulary: handMadeVocabulary([text("abcd")]) },
        method: subtokenMean({ weighting: "front-loaded", decay: Number(decay) }),
        role: "output",
      });
      expected.forEach((value, j) => {
        expect(Math.abs(row.data[j] - value)).toBeLessThan(2e-7);
      });
    });
  }

  it("falls to the next method of a chain where it has no evidence", async () => {
    const target = handMadeVocabulary([text("a"), text("z"), special("<x>"), byte(0x7a)]);
    const context = makeContext(target);
    const method = withFallback(subtokenMean(), zero());
    const { origin } = await planTable({ context, method, table: context.source.tables[0] });
    expect(Array.from(origin)).toEqual([0, 1, 1, 1]);
  });

  it("refuses a decay that is out of range or that its weighting does not use, and an unknown weighting", () => {
    expect(() => subtokenMean({ weighting: "front-loaded", decay: 1.5 })).toThrow(/decay is 1.5/);
    expect(() => subtokenMean({ weighting: "front-loaded", decay: Number.NaN })).toThrow(/decay is NaN/);
    expect(() => subtokenMean({ decay: 0.5 })).toThrow(/"uniform" does not use/);
    expect(() => subtokenMean({ weighting: "first" as Weighting })).toThrow(/expected uniform, byte-length/);
  });
});

async function mixtureOf(
  context: InitContext,
  role: Role,
  weighting: Weighting = "uniform",
): Promise<Mixture> {
  const prepared = await subtokenMean({ weighting }).prepare(context);
  const tokens = Uint32Array.from({ length: context.target.vocabulary.size }, (_, id) => id);
  return prepared.mixture(tokens, context.source.tables.find((table) => table.role === role)!);
}
