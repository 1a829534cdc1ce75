import type { InitMethod } from "@revocab/core";
import {
  copyOverlap,
  initContext,
  isSpelledDigits,
  type PlannedTable,
  planTable,
  random,
  spelledDigits,
  withFallback,
} from "@revocab/embedding-init";
import { mixtureRow, storeMatrix } from "@revocab/matrix";
import { handMadeVocabulary, special, text } from "@revocab/test-support/hand-made-vocabulary";
import { describe, expect, it } from "vitest";

const source = handMadeVocabulary([special("</s>", "eos"), ...Array.from(" 012345678a", (one) => text(one))]);
const target = handMadeVocabulary([
  special("</s>", "eos"),
  ...["1", "12", " 345", "900", "1a", "aa"].map((one) => text(one)),
  special("12"),
]);
const matrix = storeMatrix(
  { rows: source.size, columns: 2, data: Float32Array.from({ length: source.size * 2 }, (_, i) => i) },
  "F32",
);
const context = initContext({
  source: { vocabulary: source, tables: [{ slot: "input", role: "input", isBias: false, matrix }] },
  target: { vocabulary: target },
  seed: 0,
  initializerRange: 0.02,
});

describe("spelledDigits", () => {
  const planOf = async (...methods: readonly InitMethod[]) =>
    planTable({ context, method: withFallback(...methods), table: context.source.tables[0]! });
  const originsOf = ({ origin, origins }: PlannedTable) => Array.from(origin, (index) => origins[index]);

  it("spells digit tokens that the source lacks, and leaves all others to the next method", async () => {
    const plan = await planOf(copyOverlap(), spelledDigits(), random());
    expect(originsOf(plan)).toEqual([
      ...["copy-overlap", "copy-overlap", "spelled-digits", "spelled-digits"],
      ...["random", "random", "random", "random"], // the source cannot spell 900: it has no 9
    ]);
    const rowOf = (id: number) => {
      const { sources, weights } = mixtureRow(plan.mixture, id);
      return Array.from(sources, (one, i) => [source.tokenOf(one), weights[i]]);
    };
    expect(rowOf(2)).toEqual([
      ["1", 0.5],
      ["2", 0.5],
    ]);
    expect(rowOf(3)).toEqual([" ", "3", "4", "5"].map((digit) => [digit, 0.25]));
  });

  it("has no row for a digit token that both have, also where rows of shared tokens are not copied", async () => {
    expect(originsOf(await planOf(spelledDigits(), random()))[1]).toBe("random");
  });

  it("is told from other methods of a recipe", () => {
    expect([spelledDigits(), random()].map(isSpelledDigits)).toEqual([true, false]);
  });
});
