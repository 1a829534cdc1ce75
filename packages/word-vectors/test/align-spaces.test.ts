import { readFileSync } from "node:fs";
import { type Matrix, type ProgressEvent, RevocabError } from "@revocab/core";
import { gramMatrix, type Matrix64, randomStream, transposedProduct } from "@revocab/matrix";
import { kernelProducts, openDenseProducts } from "@revocab/onnx";
import { polarFactor } from "@revocab/onnx/internal";
import type { WordPair } from "@revocab/vocab-alignment";
import { alignSpaces, rotateVectors } from "@revocab/word-vectors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bySingularValues, orthogonalFactor } from "../src/align/orthogonal-factor.ts";
import { vectorsOf } from "./align-vectors.ts";

describe("two spaces", () => {
  const quarter = [
    [0, 1],
    [-1, 0],
  ];

  it("of which one is the other turned are turned back", async () => {
    const source = vectorsOf(
      ["dog", "cat", "tree"],
      [
        [1, 0],
        [0, 2],
        [3, 1],
      ],
    );
    const target = vectorsOf(
      ["hund", "katze"],
      [
        [0, 1],
        [-2, 0],
      ],
    );
    const pairs = [pair("dog", "hund"), pair("cat", "katze")];
    const { rotation, ...aligned } = await alignSpaces({ source, target, pairs });
    expectNear(rotation.data, quarter.flat(), 1e-7);
    expectNear(aligned.source.vectorOf("tree") ?? [], [-1, 3], 1e-6);
    expect(aligned.target).toBe(target);
    expect(aligned.distinctPairs).toBe(2);
    expect(aligned.source.vectorOf("bird")).toBeUndefined();
  });

  it("meet the rotation of WECHSEL", async () => {
    const golden = JSON.parse(
      readFileSync(new URL("fixtures/wechsel-procrustes.json", import.meta.url), "utf8"),
    ) as { A: number[][]; B: number[][]; W: number[][] };
    const words = golden.A.map((_, i) => `w${i}`);
    const { rotation } = await alignSpaces({
      source: vectorsOf(words, golden.A),
      target: vectorsOf(words, golden.B),
      pairs: words.map((word) => pair(word, word)),
    });
    expectNear(rotation.data, golden.W.flat(), 1e-6);
  });

  it("are compared by each case variant, and those that coincide count again", async () => {
    const source = vectorsOf(
      ["dog", "Dog"],
      [
        [1, 0],
        [0, 1],
      ],
    );
    const target = vectorsOf(
      ["Hund", "hund"],
      [
        [1, 0],
        [0, 1],
      ],
    );
    const { distinctPairs, correspondences } = await alignSpaces({
      source,
      target,
      pairs: [pair("dog", "Hund")],
    });
    // {dog, dog, Dog} × {Hund, hund, Hund}
    expect({ distinctPairs, correspondences }).toEqual({ distinctPairs: 4, correspondences: 9 });
  });

  it("that lie apart meet when they are centered", async () => {
    const rows = normalRows(40, 4, 1);
    const words = rows.map((_, i) => `w${i}`);
    const moved = rows.map(([a, b, c, d]) => [b + 5, -a - 3, d, c + 9]);
    const aligned = await alignSpaces({
      source: vectorsOf(words, rows),
      target: vectorsOf(words, moved),
      pairs: words.map((word) => pair(word, word)),
      center: true,
    });
    const left = aligned.source.rows(0, 40).data;
    expectNear(left, aligned.target.rows(0, 40).data, 1e-5);
    const sums = [0, 1, 2, 3].map((axis) => left.filter((_, i) => i % 4 === axis).reduce((a, b) => a + b, 0));
    expectNear(sums, [0, 0, 0, 0], 1e-4);
  });

  it.each([
    ["source", 6, 3],
    ["target", 3, 6],
  ])("of different widths meet in the narrower: the %s is reduced", async (_, sourceWidth, targetWidth) => {
    const words = Array.from({ length: 60 }, (_, i) => `w${i}`);
    const narrow = normalRows(60, 3, 2);
    // The wider space is the narrower one turned, beside three directions in which words hardly differ.
    const noise = normalRows(60, 3, 3);
    const wide = narrow.map(([a, b, c], i) => [
      0.001 * noise[i][0],
      c,
      0.001 * noise[i][1],
      -a,
      b,
      0.001 * noise[i][2],
    ]);
    const [source, target] = sourceWidth === 6 ? [wide, narrow] : [narrow, wide];
    const aligned = await alignSpaces({
      source: vectorsOf(words, source),
      target: vectorsOf(words, target),
      pairs: words.slice(0, 20).map((word) => pair(word, word)),
    });
    expect([aligned.rotation.rows, aligned.rotation.columns]).toEqual([sourceWidth, 3]);
    expect(aligned.targetProjection?.rows).toBe(targetWidth === 6 ? 6 : undefined);
    expectNear(aligned.source.rows(20, 40).data, aligned.target.rows(20, 40).data, 0.01);
  });

  it("without a common pair are refused", async () => {
    const source = vectorsOf(["dog"], [[1]]);
    const target = vectorsOf(["hund"], [[1]]);
    const alignment = alignSpaces({ source, target, pairs: [pair("hund", "dog")] });
    await expect(alignment).rejects.toThrow(/of 1 pairs, none has both/);
    await expect(alignment).rejects.toMatchObject({ code: "no_evidence" });
  });

  it("with a broken vector in the dictionary are refused", async () => {
    const source = vectorsOf(["dog"], [[Number.NaN]]);
    const alignment = alignSpaces({ source, target: source, pairs: [pair("dog", "dog")] });
    await expect(alignment).rejects.toMatchObject({ code: "not_finite" });
  });

  it("are told when pairs are too few, and the rotation is orthogonal all the same", async () => {
    const events: ProgressEvent[] = [];
    const rows = normalRows(3, 8, 4);
    const words = ["a", "b", "c"];
    const { rotation } = await alignSpaces({
      source: vectorsOf(words, rows),
      target: vectorsOf(words, normalRows(3, 8, 5)),
      pairs: words.map((word) => pair(word, word)),
      job: { onProgress: (event) => events.push(event) },
    });
    expect(events).toContainEqual(
      expect.objectContaining({ type: "note", message: expect.stringMatching(/^3 pairs/) }),
    );
    expectOrthogonal({ ...rotation, data: Float64Array.from(rotation.data) }, 1e-6);
  });

  it("are left alone once the signal is aborted", async () => {
    const source = vectorsOf(["dog"], [[1]]);
    const abortSignal = AbortSignal.abort();
    const alignment = alignSpaces({
      source,
      target: source,
      pairs: [pair("dog", "dog")],
      job: { abortSignal },
    });
    await expect(alignment).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("turned vectors", () => {
  it("are those of words that only n-grams know, too", () => {
    const plain = vectorsOf(["a"], [[1, 2]]);
    const vectors = { ...plain, hasSubwords: true, vectorOf: () => Float32Array.of(1, 2) };
    const turned = rotateVectors(
      vectors,
      matrix([
        [0, 1, 0],
        [1, 0, 1],
      ]),
      Float64Array.of(1, 0),
    );
    expect(turned.hasSubwords).toBe(true);
    expect(turned.dimension).toBe(3);
    expect([...(turned.vectorOf("unseen") ?? [])]).toEqual([2, 0, 2]);
    expect(turned.rows(0, 1)).toEqual(matrix([[2, 0, 2]]));
  });

  it("need a matrix of their width", () => {
    const vectors = vectorsOf(["a"], [[1, 2]]);
    expect(() => rotateVectors(vectors, matrix([[1]]))).toThrow(RevocabError);
  });
});

describe("the orthogonal factor", () => {
  it("is the same by singular values and by Newton–Schulz, with the runtime's products and without", async () => {
    const byRuntime = await openDenseProducts();
    expect(byRuntime.by).toBe("onnxruntime");
    const cases = fc.record({
      width: fc.integer({ min: 1, max: 40 }),
      seed: fc.nat(),
      spread: fc.double({ min: 0, max: 3, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ width, seed, spread }) => {
        // Singular values over about `spread` decades beside those of a random matrix.
        const random = square(width, seed, spread);
        const expected = bySingularValues(random).data;
        for (const products of [kernelProducts(), byRuntime]) {
          const bySchulz = await polarFactor(random, products);
          expectNear(bySchulz.factor.data, expected, 1e-6);
        }
      }),
      { numRuns: 60, seed: 11 },
    );
    await byRuntime.release();
  });

  it("beyond width 400 is orthogonal and undoes itself", async () => {
    const random = square(401, 3, 1);
    const factor = await orthogonalFactor(random);
    expectOrthogonal(factor, 1e-10);
    // Mᵀ·Q is symmetric for the polar factor Q of M, and for no other orthogonal matrix near it.
    const symmetric = transposedProduct(random, factor);
    for (let i = 0; i < 401; i += 7) {
      for (let j = 0; j < i; j += 5) {
        expect(symmetric.data[i * 401 + j]).toBeCloseTo(symmetric.data[j * 401 + i], 8);
      }
    }
  });

  it("of a singular matrix is orthogonal, though Newton–Schulz leaves a null space", async () => {
    const singular = square(12, 5, 0);
    singular.data.fill(0, 0, 3 * 12);
    expect((await polarFactor(singular, kernelProducts())).rank).toBe(9);
    expectOrthogonal(bySingularValues(singular), 1e-10);
  });
});

it("a product by eights equals the sum over single rows at every remainder", () => {
  for (const n of [0, 1, 7, 8, 9, 16, 17]) {
    const left = matrix64(normalRows(n, 3, n), 3);
    const right = matrix64(normalRows(n, 5, n + 100), 5);
    const product = transposedProduct(left, right);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 5; j++) {
        let sum = 0;
        for (let row = 0; row < n; row++) sum += left.data[row * 3 + i] * right.data[row * 5 + j];
        expect(product.data[i * 5 + j]).toBeCloseTo(sum, 12);
      }
    }
    expectNear(gramMatrix(left).data, transposedProduct(left, left).data, 1e-12);
  }
});

function pair(source: string, target: string): WordPair {
  return { source, target };
}

function normalRows(rows: number, columns: number, seed: number): number[][] {
  const { normal } = randomStream(seed, 0);
  return Array.from({ length: rows }, () => Array.from({ length: columns }, normal));
}

function matrix(rows: readonly (readonly number[])[]): Matrix {
  return { rows: rows.length, columns: rows[0].length, data: Float32Array.from(rows.flat()) };
}

function matrix64(rows: readonly (readonly number[])[], columns: number): Matrix64 {
  return { rows: rows.length, columns, data: Float64Array.from(rows.flat()) };
}

function square(width: number, seed: number, spread: number): Matrix64 {
  const result = matrix64(normalRows(width, width, seed), width);
  for (let i = 0; i < result.data.length; i++) result.data[i] *= 10 ** ((-spread * (i % width)) / width);
  return result;
}

function expectNear(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(found.length).toBe(expected.length);
  let largest = 0;
  for (let i = 0; i < found.length; i++) largest = Math.max(largest, Math.abs(found[i] - expected[i]));
  expect(largest).toBeLessThan(tolerance);
}

function expectOrthogonal(found: Matrix64, tolerance: number): void {
  const identity = found.data.map((_, i) => (i % (found.columns + 1) === 0 ? 1 : 0));
  expectNear(gramMatrix(found).data, identity, tolerance);
}
