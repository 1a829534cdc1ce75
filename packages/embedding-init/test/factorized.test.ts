import type { EmbeddingTable, Matrix, MixtureMethod } from "@revocab/core";
import { ofa, subtokenMean } from "@revocab/embedding-init";
import { gatherSum, mixtureRow, readMatrix, storeMatrix } from "@revocab/matrix";
import { describeMethodContract } from "@revocab/test-support/contract";
import {
  makeContext,
  randomMatrix,
  SOURCE_VOCABULARY,
  TARGET_VOCABULARY,
} from "@revocab/test-support/contract-models";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { factorized } from "../src/factorized.ts";

for (const rank of [1, 4]) {
  describeMethodContract(`subtoken-mean of rank ${rank}`, () => factorized(subtokenMean(), rank), {
    readsEmbeddings: true,
  });
}

const ROWS = SOURCE_VOCABULARY.size + 3;

describe("rows of factorized embeddings", () => {
  it("are the others', projected on the leading axes of the used rows", async () => {
    const columns = 6;
    const embeddings = randomMatrix(ROWS, columns, 1);
    const used = Array.from({ length: SOURCE_VOCABULARY.size }, (_, id) => id).filter(
      (id) => SOURCE_VOCABULARY.kindOf(id) !== "unused",
    );
    const axes = axesNaively(used.map((id) => rowOf(embeddings, id)));
    for (const rank of [1, 2, 5]) {
      const plain = await rowsOf(subtokenMean(), embeddings);
      const found = await rowsOf(factorized(subtokenMean(), rank), embeddings);
      const expected = plain.map((row) => row && projected(row, axes.slice(0, rank)));
      expectNear(found, expected, 1e-5);
    }
  });

  it("have at most the rank, and are the others' where the embeddings have it themselves", async () => {
    const cases = fc.record({ rank: fc.integer({ min: 1, max: 6 }), seed: fc.nat(1000) });
    await fc.assert(
      fc.asyncProperty(cases, async ({ rank, seed }) => {
        const full = randomMatrix(ROWS, 8, seed);
        const found = await rowsOf(factorized(subtokenMean(), rank), full);
        expect(rankOf(found.flatMap((row) => (row ? [row] : [])))).toBeLessThanOrEqual(rank);

        const low = productOf(randomMatrix(ROWS, rank, seed), randomMatrix(rank, 8, seed + 1));
        const same = await rowsOf(factorized(subtokenMean(), rank), low);
        expectNear(same, await rowsOf(subtokenMean(), low), 1e-5);
      }),
      { numRuns: 20 },
    );
  });

  it("are the others' for a rank of the width or more, with the same weights", async () => {
    const embeddings = randomMatrix(ROWS, 5, 3);
    for (const rank of [5, 99]) {
      const plan = await planOf(factorized(subtokenMean(), rank), embeddings);
      expect(plan.mixture).toEqual((await planOf(subtokenMean(), embeddings)).mixture);
      expect(plan.basis.rows).toBe(0);
    }
  });

  it("say how much of the embeddings the rank holds", async () => {
    const notes: string[] = [];
    const table = tableOf(productOf(randomMatrix(ROWS, 2, 1), randomMatrix(2, 8, 2)));
    const context = { ...makeContext(TARGET_VOCABULARY, [table]) };
    const onProgress = (event: { type: string; message?: string }) => {
      if (event.type === "note") notes.push(event.message ?? "");
    };
    await factorized(subtokenMean(), 2).prepare({ ...context, job: { ...context.job, onProgress } });
    expect(notes).toEqual(["2 of 8 dimensions hold 100.0 % of the squares of input"]);
  });

  it("are refused for a width whose decomposition would take too long, and for no rank", async () => {
    const wide: EmbeddingTable = {
      ...tableOf(randomMatrix(ROWS, 1, 1)),
      matrix: {
        rows: ROWS,
        columns: 4096,
        dtype: "F32",
        readRows: async () => {
          throw new Error("read before it was refused");
        },
      },
    };
    const preparing = factorized(subtokenMean(), 100).prepare(makeContext(TARGET_VOCABULARY, [wide]));
    await expect(preparing).rejects.toMatchObject({
      code: "bad_options",
      message: "input has 4096 columns; a rank is offered for at most 2048",
    });
    for (const rank of [0, 1.5, Number.NaN]) {
      expect(() => ofa({ sourceVectors: "a", targetVectors: "b", rank })).toThrow(/rank is/);
    }
  });
});

it("ofa has convex weights, and with a rank signed ones and the rank in its recipe", () => {
  const options = { sourceVectors: "a.vec", targetVectors: "b.vec" };
  expect(ofa(options)).toMatchObject({ weights: "convex" });
  expect(ofa(options).options).not.toHaveProperty("rank");
  expect(ofa({ ...options, rank: 100 })).toMatchObject({
    name: "ofa",
    weights: "signed",
    options: { rank: 100 },
  });
});

function tableOf(embeddings: Matrix): EmbeddingTable {
  return { slot: "input", role: "input", isBias: false, matrix: storeMatrix(embeddings, "F32") };
}

/** What the method itself gives for all tokens; a plan also fills holes. */
async function planOf(method: MixtureMethod, embeddings: Matrix) {
  const table = tableOf(embeddings);
  const prepared = await method.prepare(makeContext(TARGET_VOCABULARY, [table]));
  const tokens = Uint32Array.from({ length: TARGET_VOCABULARY.size }, (_, id) => id);
  const none = { rows: 0, columns: embeddings.columns, data: new Float32Array() };
  return { mixture: prepared.mixture(tokens, table), basis: prepared.basis?.(table) ?? none };
}

/** By target id; undefined where the method has no evidence. */
async function rowsOf(method: MixtureMethod, embeddings: Matrix): Promise<(number[] | undefined)[]> {
  const { mixture, basis } = await planOf(method, embeddings);
  const { matrix } = tableOf(embeddings);
  const product = gatherSum(mixture, await readMatrix(matrix, 0, matrix.rows), basis);
  return Array.from({ length: TARGET_VOCABULARY.size }, (_, id) =>
    mixtureRow(mixture, id).sources.length === 0 ? undefined : rowOf(product, id),
  );
}

function rowOf({ columns, data }: Matrix, row: number): number[] {
  return Array.from(data.subarray(row * columns, (row + 1) * columns));
}

function productOf(left: Matrix, right: Matrix): Matrix {
  const data = new Float32Array(left.rows * right.columns);
  for (let i = 0; i < left.rows; i++) {
    for (let j = 0; j < right.columns; j++) {
      let sum = 0;
      for (let k = 0; k < right.rows; k++) {
        sum += left.data[i * left.columns + k] * right.data[k * right.columns + j];
      }
      data[i * right.columns + j] = sum;
    }
  }
  return { rows: left.rows, columns: right.columns, data };
}

/** Right singular vectors, the leading one first: each by powers of what the ones before it leave of the rows. */
function axesNaively(rows: readonly (readonly number[])[]): number[][] {
  let left = rows.map((row) => [...row]);
  return rows[0].map((_, axis) => {
    let vector = rows[0].map((_, i) => 1 + ((i + axis) % 3));
    for (let round = 0; round < 5000; round++) {
      const products = left.map((row) => dot(row, vector));
      const next = vector.map((_, i) => left.reduce((sum, row, at) => sum + row[i] * products[at], 0));
      const length = Math.sqrt(dot(next, next));
      vector = next.map((value) => value / length);
    }
    left = left.map((row) => row.map((value, i) => value - dot(row, vector) * vector[i]));
    return vector;
  });
}

function projected(row: readonly number[], axes: readonly (readonly number[])[]): number[] {
  return row.map((_, i) => axes.reduce((sum, axis) => sum + dot(row, axis) * axis[i], 0));
}

/** By elimination; what is below 1e-4 of the largest number is rounding. */
function rankOf(rows: readonly (readonly number[])[]): number {
  const left = rows.map((row) => [...row]);
  const noise = 1e-4 * Math.max(...left.flat().map(Math.abs));
  let rank = 0;
  for (;;) {
    const at = left.flatMap((row, i) => row.map((value, j) => ({ i, j, size: Math.abs(value) })));
    const pivot = at.reduce((most, one) => (one.size > most.size ? one : most), { i: 0, j: 0, size: 0 });
    if (pivot.size <= noise) return rank;
    rank++;
    const [chosen] = left.splice(pivot.i, 1);
    for (const row of left) {
      const factor = row[pivot.j] / chosen[pivot.j];
      for (let j = 0; j < row.length; j++) row[j] -= factor * chosen[j];
    }
    if (left.length === 0) return rank;
  }
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

function expectNear(
  found: readonly (readonly number[] | undefined)[],
  expected: readonly (readonly number[] | undefined)[],
  tolerance: number,
): void {
  expect(found.map((row) => row === undefined)).toEqual(expected.map((row) => row === undefined));
  expect(found.some((row) => row !== undefined)).toBe(true);
  found.forEach((row, id) => {
    row?.forEach((value, j) => {
      expect(Math.abs(value - (expected[id]?.[j] ?? Number.NaN))).toBeLessThan(tolerance);
    });
  });
}
