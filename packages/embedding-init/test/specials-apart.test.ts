import type { EmbeddingTable, InitContext } from "@revocab/core";
import { mixtureRow } from "@revocab/matrix";
import { handMadeVocabulary, special, text } from "@revocab/test-support/hand-made-vocabulary";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { describe, expect, it } from "vitest";
import { specialsApart } from "../src/specials-apart.ts";

const words = Array.from({ length: 40 }, (_, i) => text(`w${i}`));
const source = handMadeVocabulary([special("</s>", "eos"), ...words]);
const target = handMadeVocabulary([
  special("</s>", "eos"),
  ...words,
  special("<a>"),
  special("<b>"),
  special("<c>"),
]);
const COLUMNS = 4;
/** Columns with standard deviations near 1, 10, 100 and 1000. */
const data = Float32Array.from(
  { length: source.size * COLUMNS },
  (_, i) => Math.sin(i * 12.9898) * Math.SQRT2 * 10 ** (i % COLUMNS),
);

const context: InitContext = {
  source: {
    vocabulary: source,
    tables: [
      {
        slot: "input",
        role: "input",
        isBias: false,
        matrix: {
          rows: source.size,
          columns: COLUMNS,
          dtype: "F32",
          async readRows(start, count, into) {
            const bytes = new Uint8Array(data.buffer, start * COLUMNS * 4, count * COLUMNS * 4);
            into.set(bytes);
          },
        },
      } as EmbeddingTable,
    ],
  },
  target: { vocabulary: target },
  alignment: alignVocabularies({ source, target }),
  seed: 7,
  initializerRange: 0.02,
};
const table = context.source.tables[0]!;

async function rowsOf(
  tokens: ReadonlyMap<number, number | undefined>,
  epsilon?: number,
  ids = [...tokens.keys()],
) {
  const method = specialsApart({ tokens, epsilon });
  const prepared = await method.prepare(context);
  const mean = prepared.basis!(table).data;
  const mixture = prepared.mixture(Uint32Array.from(ids), table);
  const rows = ids.map((_, place) => {
    const { sources, weights } = mixtureRow(mixture, place);
    const row = new Float64Array(COLUMNS);
    for (const [i, source] of sources.entries()) {
      for (let j = 0; j < COLUMNS; j++) {
        row[j] += weights[i]! * (source === data.length / COLUMNS ? mean[j]! : data[source * COLUMNS + j]!);
      }
    }
    return row;
  });
  return { rows, mean };
}

describe("specials-apart", () => {
  it("gives every token another row, near the mean or its counterpart, and none to others", async () => {
    const tokens = new Map([
      [41, undefined],
      [42, undefined],
      [43, 0],
    ]);
    const { rows, mean } = await rowsOf(tokens, undefined, [41, 42, 43, 5]);
    const near = (row: Float64Array, other: ArrayLike<number>) =>
      row.every((value, j) => Math.abs(value - other[j]!) < 0.02 * 10 ** j);
    expect(near(rows[0]!, mean)).toBe(true);
    expect(near(rows[1]!, mean)).toBe(true);
    expect(near(rows[2]!, data.subarray(0, COLUMNS))).toBe(true);
    expect(rows[0]).not.toEqual(rows[1]);
    expect(rows[2]).not.toEqual(Float64Array.from(data.subarray(0, COLUMNS)));
    expect(rows[3]).toEqual(new Float64Array(COLUMNS));
    expect((await rowsOf(tokens, undefined, [43, 41])).rows).toEqual([rows[2], rows[0]]);
  });

  it("draws with the variance of each column, times epsilon", async () => {
    const tokens = new Map(Array.from({ length: 400 }, (_, i) => [100 + i, undefined] as const));
    const { rows, mean } = await rowsOf(tokens, 0.01);
    for (let j = 0; j < COLUMNS; j++) {
      const variance = rows.reduce((sum, row) => sum + (row[j]! - mean[j]!) ** 2, 0) / rows.length;
      let used = 0;
      for (let id = 0; id < source.size; id++)
        used += (data[id * COLUMNS + j]! - mean[j]!) ** 2 / source.size;
      expect(variance / (0.01 * used)).toBeGreaterThan(0.8);
      expect(variance / (0.01 * used)).toBeLessThan(1.2);
    }
  });
});
