import type { EmbeddingTable, Matrix } from "@revocab/core";
import { storeMatrix } from "@revocab/matrix";
import { randomMatrix } from "@revocab/test-support/contract-models";
import { byte, handMadeVocabulary, text, UNUSED } from "@revocab/test-support/hand-made-vocabulary";
import { inspectTraining } from "@revocab/token-training";
import { describe, expect, it } from "vitest";

const [WORDS, COLUMNS] = [400, 16];
/** Words, a hole, and a row of padding. */
const vocabulary = handMadeVocabulary([...Array.from({ length: WORDS }, (_, i) => text(`w${i};`)), UNUSED]);

/** Random rows; those of no token, and of the given tokens, are of this length in one direction. */
function planted(seed: number, tokens: readonly number[], length = 1) {
  const matrix = randomMatrix(WORDS + 2, COLUMNS, seed);
  for (const row of [...tokens, WORDS, WORDS + 1]) {
    matrix.data.fill(0, row * COLUMNS, (row + 1) * COLUMNS);
    matrix.data[row * COLUMNS + 3] = length;
  }
  return matrix;
}

describe("inspectTraining", () => {
  it("finds planted tokens in input and head, says by which indicator, and has the worst first", async () => {
    const tables = [tableOf("input", planted(1, [17], 0.01)), tableOf("output", planted(2, [17, 42]))];
    const { tokens, unusedRows, indicators, suspected } = await inspectTraining({ vocabulary, tables });
    expect([tokens, unusedRows]).toEqual([WORDS, 2]);
    const names = {
      norm: "norm of the input row",
      input: "cosine of the input row to the mean of unused rows",
      output: "cosine of the output row to the mean of unused rows",
    };
    expect(indicators.map(({ name, suspects }) => [name, suspects])).toEqual([
      [names.norm, "below"],
      [names.input, "above"],
      [names.output, "above"],
    ]);
    expect(suspected[0]).toEqual({
      id: 17,
      token: "w17;",
      suspicions: [
        { indicator: names.norm, value: expect.closeTo(0.01) },
        { indicator: names.input, value: expect.closeTo(1) },
        { indicator: names.output, value: expect.closeTo(1) },
      ],
    });
    expect(suspected[1]).toMatchObject({ id: 42, suspicions: [{ indicator: names.output }] });
    for (const { name, tokens: count } of indicators) {
      const by = suspected.filter(({ suspicions }) => suspicions.some(({ indicator }) => indicator === name));
      expect(by.length).toBe(count);
      expect(count).toBeLessThanOrEqual(5);
    }
  });

  it("has no indicator for a tied model without unused rows, and suspects none", async () => {
    const words = handMadeVocabulary([text("a"), text("b")]);
    const tables = [tableOf("input", randomMatrix(2, 4, 1))];
    expect(await inspectTraining({ vocabulary: words, tables })).toEqual({
      tokens: 2,
      unusedRows: 0,
      indicators: [],
      suspected: [],
    });
  });

  it("where no row is unused, compares with the rows of bytes that no text has, and names byte tokens by their names", async () => {
    const impossible = [0xc0, 0xc1, ...Array.from({ length: 11 }, (_, i) => 0xf5 + i)];
    const entries = [
      ...impossible.map((value) => byte(value)),
      byte(0x72),
      ...Array.from({ length: 200 }, (_, i) => text(`w${i};`)),
    ];
    const matrix = randomMatrix(entries.length, COLUMNS, 3);
    for (let row = 0; row <= impossible.length; row++) {
      matrix.data.fill(0, row * COLUMNS, (row + 1) * COLUMNS);
      matrix.data[row * COLUMNS + 2] = 1;
    }
    const tables = [tableOf("input", matrix)];
    const { tokens, unusedRows, suspected } = await inspectTraining({
      vocabulary: handMadeVocabulary(entries),
      tables,
    });
    expect([tokens, unusedRows]).toEqual([201, 13]);
    expect(suspected[0]).toMatchObject({
      id: 13,
      token: "<0x72>",
      suspicions: [{ value: expect.closeTo(1) }],
    });
  });

  it("names a row that is not finite", async () => {
    const matrix = planted(1, []);
    matrix.data[30 * COLUMNS] = Number.NaN;
    await expect(inspectTraining({ vocabulary, tables: [tableOf("input", matrix)] })).rejects.toMatchObject({
      code: "not_finite",
      message: "row 30 of the input table holds a number that is not finite",
    });
  });
});

function tableOf(slot: "input" | "output", matrix: Matrix): EmbeddingTable {
  return { slot, role: slot, isBias: false, matrix: storeMatrix(matrix) };
}
