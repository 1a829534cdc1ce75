import type { EmbeddingTable } from "@revocab/core";
import { matrixOfBytes, randomStream } from "@revocab/matrix";
import { type DenseProducts, openDenseProducts } from "@revocab/onnx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contextualRows } from "../src/contextual-rows.ts";
import type { Whitening } from "../src/linear-fits.ts";

const columns = 4;
const count = 600;
const stream = randomStream(4, 0);
/** Normals, and a one: a bias exists. */
const data = Float32Array.from({ length: count * columns }, (_, at) =>
  at % columns === columns - 1 ? 1 : stream.normal(),
);
const following = (rule: (at: number) => number) => Uint32Array.from({ length: count }, (_, at) => rule(at));
const isPositive = (at: number) => data[at * columns] > 0;

let products: DenseProducts;
beforeAll(async () => {
  products = await openDenseProducts(1);
});
afterAll(() => products.release());

/** States are halved, so that rows are doubled. */
const halved: Whitening = {
  states: diagonal(0.5),
  factor: diagonal(2),
  inverse: diagonal(0.5),
};

function diagonal(value: number) {
  const matrix = new Float32Array(columns * columns);
  for (let i = 0; i < columns; i++) matrix[i * (columns + 1)] = value;
  return { rows: columns, columns, data: matrix };
}

/** Two first pieces, with rows of zeros but for `difference`: tokens 0, 1 and 2 begin with piece 0, token 3 with piece 1. */
async function correct(tokens: Uint32Array, { difference = 0, bias = [0, 0] } = {}) {
  const notes: string[] = [];
  const head = Float32Array.of(0, 0, 0, 0, difference, 0, 0, 0);
  const rows = await contextualRows({
    states: { rows: count, columns, data: data.map((value) => 0.5 * value) },
    tokens,
    groups: new Map([
      [0, [0, 1, 2]],
      [1, [3]],
    ]),
    logShares: Float64Array.of(-1.5, -1.5, -0.6, 0),
    unit: Float64Array.of(0, 0, 0, 1),
    whitening: halved,
    mainHead: {
      table: table("output", head, columns, false),
      bias: table("output.bias", Float32Array.from(bias), 1, true),
    },
    seed: 0,
    products,
    job: { onProgress: (event) => event.type === "note" && notes.push(event.message) },
  });
  return { ...rows, notes };
}

describe("rows that depend on the state", () => {
  it("tell tokens of one first piece apart, which the shares without context cannot", async () => {
    const { shares } = await correct(following((at) => Number(isPositive(at))));
    expect([...shares.keys()].sort()).toEqual([0, 1]);
    expect(shares.get(1)![0] - shares.get(0)![0]).toBeGreaterThan(0.5);
  });

  it("undo what a first piece has wrong, for tokens that the text does not have too", async () => {
    const { pieces, notes } = await correct(
      following((at) => (isPositive(at) ? 3 : 0)),
      { difference: -3 },
    );
    // piece 1 has no token that the text lacks: its correction is that of its token
    expect([...pieces.keys()]).toEqual([0]);
    expect(pieces.get(0)![0]).toBeLessThan(-0.5);
    const [, before, after] = /cost ([\d.]+) bits .*, ([\d.]+) fitted/.exec(notes[0])!;
    expect(Number(after)).toBeLessThan(Number(before) / 2);
  });

  it("reckon with the head's bias", async () => {
    const ones = following((at) => (at % 100 === 0 ? 0 : 3));
    const bitsOf = (notes: readonly string[]) => Number(/cost ([\d.]+) bits/.exec(notes[0])![1]);
    const unbiased = await correct(ones);
    const { notes } = await correct(ones, { bias: [0, Math.log(99)] });
    expect(bitsOf(notes)).toBeLessThan(0.2);
    expect(bitsOf(unbiased.notes)).toBeGreaterThan(0.9);
  });

  it("are none for a text of tokens without a first piece", async () => {
    const { pieces, shares, notes } = await correct(following(() => 7));
    expect([pieces.size, shares.size, notes.length]).toEqual([0, 0, 0]);
  });
});

function table(slot: string, rows: Float32Array, width: number, isBias: boolean): EmbeddingTable {
  const matrix = matrixOfBytes(
    { rows: rows.length / width, columns: width, dtype: "F32" },
    new Uint8Array(rows.buffer),
  );
  return { slot, role: "output", isBias, matrix };
}
