import { randomStream } from "@revocab/matrix";
import { type DenseProducts, openDenseProducts } from "@revocab/onnx";
import { handMadeVocabulary, special, text } from "@revocab/test-support/hand-made-vocabulary";
import { pairedReading } from "@revocab/vocab-alignment";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inverseFactor } from "../src/inverse-factor.ts";
import { StateSums, stateMap, unitDirection, whitening } from "../src/linear-fits.ts";
import { spellingOf } from "./toy-model.ts";

const letters = handMadeVocabulary([
  special("<s>", "bos"),
  ...Array.from("abc", (one) => text(one)),
  text(" a"),
]);
const words = handMadeVocabulary([...["abc", "a", "b", "c", "bc", " a"].map((one) => text(one))]);
const reader = (vocabulary: typeof letters) => ({ vocabulary, encode: spellingOf(vocabulary) });

describe("a reading in two vocabularies", () => {
  it("meets where tokens of both begin, after a BOS or not", async () => {
    const { source, target, sharedStarts } = await pairedReading("abca", reader(letters), reader(words), 10);
    expect(Array.from(source)).toEqual([0, 1, 2, 3, 1]);
    expect(Array.from(target)).toEqual([0, 1]);
    // before "abc" the target has read nothing; before the last "a" it has read "abc"
    expect(sharedStarts).toEqual([{ token: 1, sourcePosition: 3, targetPosition: 0 }]);
  });

  it("passes over a space that one tokenizer puts before the text", async () => {
    const encode = async (one: string) => letters.spell(new TextEncoder().encode(` ${one}`))!;
    const { sharedStarts } = await pairedReading("abc", { vocabulary: letters, encode }, reader(letters), 10);
    expect(sharedStarts).toEqual([
      { token: 1, sourcePosition: 0, targetPosition: 0 },
      { token: 2, sourcePosition: 1, targetPosition: 1 },
      { token: 3, sourcePosition: 2, targetPosition: 2 },
    ]);
  });

  it("has the source read the text that the target makes of it", async () => {
    const encode = async (one: string) => words.spell(new TextEncoder().encode(one.toLowerCase()))!;
    const { source, sharedStarts } = await pairedReading(
      "ABca",
      reader(letters),
      { vocabulary: words, encode },
      10,
    );
    expect(Array.from(source)).toEqual([0, 1, 2, 3, 1]);
    expect(sharedStarts).toHaveLength(1);
  });

  it("has no sharedStarts where the source changes the text", async () => {
    const deaf = { vocabulary: letters, encode: async () => letters.spell(new TextEncoder().encode("ab"))! };
    const { sharedStarts } = await pairedReading("abc", deaf, reader(letters), 10);
    expect(sharedStarts).toEqual([]);
  });

  it("is cut to the context, sharedStarts too", async () => {
    const { source, sharedStarts } = await pairedReading("abca", reader(letters), reader(letters), 3);
    expect(source).toHaveLength(3);
    expect(sharedStarts.every(({ sourcePosition }) => sourcePosition < 3)).toBe(true);
  });
});

const width = 4;
let products: DenseProducts;
beforeAll(async () => {
  products = await openDenseProducts(1);
});
afterAll(() => products.release());

async function sumsOf(x: Float32Array, y?: Float32Array): Promise<StateSums> {
  const sums = await StateSums.open(width, 1);
  await sums.add(x, y);
  await sums.release();
  return sums;
}

function normals(count: number, seed: number): Float32Array {
  const stream = randomStream(seed, 0);
  return Float32Array.from({ length: count }, () => stream.normal());
}

describe("the map of states", () => {
  it("takes states back that a matrix has moved", async () => {
    const h = normals(5000 * width, 1);
    // each state loses half of its next coordinate
    const moved = h.map((value, at) => value - 0.5 * (at % width === width - 1 ? 0 : h[at + 1]));
    const { data: map } = await stateMap(await sumsOf(moved, h), products);
    for (let row = 0; row < 5; row++) {
      for (let i = 0; i < width; i++) {
        let sum = 0;
        for (let j = 0; j < width; j++) sum += map[i * width + j] * moved[row * width + j];
        expect(sum).toBeCloseTo(h[row * width + i], 1);
      }
    }
  });

  it("is the identity for states that have not moved", async () => {
    const h = normals(100 * width, 2);
    const { data: map } = await stateMap(await sumsOf(h, h), products);
    map.forEach((value, at) => {
      expect(value).toBeCloseTo(at % (width + 1) === 0 ? 1 : 0, 10);
    });
  });
});

it("the unit direction is a coordinate that is 1 in every state", async () => {
  const h = normals(400 * width, 3).map((value, at) => (at % width === 2 ? 1 : value));
  const unit = await unitDirection(await sumsOf(h), products);
  [0, 0, 1, 0].forEach((value, i) => {
    expect(unit[i]).toBeCloseTo(value, 1);
  });
});

it("whitened states have a second moment of at most 1 in every direction, and rows give the same logits", async () => {
  const h = normals(500 * width, 5).map((value, at) => value * (1 + (at % width)));
  const sums = await sumsOf(h, h);
  const map = {
    rows: width,
    columns: width,
    data: Float64Array.from({ length: width ** 2 }, (_, at) => Number(at % (width + 1) === 0)),
  };
  const { states, factor, inverse } = await whitening(sums, map, products);
  const x = (
    await products.multiply({ rows: 500, columns: width, data: h }, states, { transposeRight: true })
  ).data;
  const { own } = await sumsOf(x);
  for (let i = 0; i < width; i++) {
    expect(own[i * (width + 1)] / 500).toBeGreaterThan(0.05);
    expect(own[i * (width + 1)] / 500).toBeLessThan(1);
  }
  const row = Float32Array.of(1, -2, 3, 4);
  const white = await products.multiply({ rows: 1, columns: width, data: row }, factor);
  const logit = (left: Float32Array, right: Float32Array) =>
    left.slice(0, width).reduce((sum, value, j) => sum + value * right[j], 0);
  expect(logit(x, white.data)).toBeCloseTo(logit(h, row), 3);
  (await products.multiply(white, inverse)).data.forEach((value, j) => {
    expect(value).toBeCloseTo(row[j], 4);
  });
});

it.each([1, 2, 128, 129, 300])(
  "the inverse factor of a matrix of %d rows turns it into the identity",
  async (size) => {
    const random = Float64Array.from(normals(size * size, size));
    const left = { rows: size, columns: size, data: random };
    const matrix = await products.multiply(left, left, { transposeRight: true });
    for (let i = 0; i < size; i++) matrix.data[i * (size + 1)] += size;
    const inverse = await inverseFactor(matrix, products);
    const half = await products.multiply(inverse, matrix);
    const identity = await products.multiply(half, inverse, { transposeRight: true });
    const off = identity.data.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - Number(at % (size + 1) === 0))),
      0,
    );
    expect(off).toBeLessThan(1e-10);
    expect(inverse.data.every((value, at) => at % size <= Math.floor(at / size) || value === 0)).toBe(true);
  },
);
