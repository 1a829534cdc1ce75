import { readFileSync } from "node:fs";
import type { EmbeddingTable, Matrix } from "@revocab/core";
import { randomStream, storeMatrix } from "@revocab/matrix";
import { type DenseProducts, kernelProducts, openDenseProducts } from "@revocab/onnx";
import { describe, expect, it } from "vitest";
import { type AdamMatrix, adamStep } from "../src/adam.ts";
import { batchLoss, lossOf } from "../src/batch-loss.ts";
import type { LearnedMixture } from "../src/learned-mixture.ts";
import type { Cw2vModel } from "../src/model.ts";
import type { Cw2vLoss } from "../src/settings.ts";
import type { PairBatch } from "../src/skip-gram-step.ts";
import { holdSourceRows } from "../src/source-rows.ts";

/** VocabAdaptation_LLM, branch CW2V: 9 source tokens, 3 new ones, rank 2, 4 pairs with 5 negatives. */
const golden = JSON.parse(readFileSync(new URL("fixtures/cw2v_step.json", import.meta.url), "utf8")) as {
  readonly [name in "W" | "V" | "A_W_1" | "A_W_2" | "A_V_1" | "A_V_2" | "neg_ids"]: number[][];
} & {
  readonly in_ids: number[];
  readonly pos_ids: number[];
  readonly loss: number;
  readonly standard_sgns_loss_for_comparison: number;
  readonly grads: number[][][];
  readonly "after_adam_lr3e-4": number[][][];
};

const pairs: PairBatch = {
  centers: Uint32Array.from(golden.in_ids),
  contexts: Uint32Array.from(golden.pos_ids),
  negatives: Uint32Array.from(golden.neg_ids.flat()),
};

function matrixOf(rows: readonly (readonly number[])[]): Matrix {
  return { rows: rows.length, columns: rows[0].length, data: Float32Array.from(rows.flat()) };
}

function learning(values: Matrix): AdamMatrix {
  const { length } = values.data;
  return {
    ...values,
    data: values.data.slice(),
    first: new Float32Array(length),
    second: new Float32Array(length),
  };
}

function held(slot: "input" | "output", values: Matrix) {
  const table: EmbeddingTable = { slot, role: slot, isBias: false, matrix: storeMatrix(values) };
  return holdSourceRows(
    table,
    Uint32Array.from({ length: values.rows }, (_, id) => id),
  );
}

/** Source tokens are participants 0 … sources − 1, new tokens follow. */
function participantsOf(sources: number, news: number): Cw2vModel["participants"] {
  const count = sources + news;
  return {
    tokens: Uint32Array.from({ length: count }, (_, id) => id),
    sources: Int32Array.from({ length: count }, (_, id) => (id < sources ? id : -1)),
    newRows: Int32Array.from({ length: count }, (_, id) => id - sources).map((row) => Math.max(row, -1)),
    newTokens: Uint32Array.from({ length: news }, (_, row) => sources + row),
  };
}

async function goldenModel(): Promise<Cw2vModel> {
  const mixtureOf = async (slot: "input" | "output", E: number[][], A1: number[][], A2: number[][]) => ({
    a1: learning(matrixOf(A1)),
    a2: learning(matrixOf(A2)),
    tables: [await held(slot, matrixOf(E))],
  });
  const input = await mixtureOf("input", golden.W, golden.A_W_1, golden.A_W_2);
  const head = await mixtureOf("output", golden.V, golden.A_V_1, golden.A_V_2);
  return {
    participants: participantsOf(9, 3),
    mixtures: [input, head],
    center: { mixture: input, table: 0 },
    context: { mixture: head, table: 0 },
  };
}

/** The gradient of A₁ with the rows that are not touched. */
function wholeGradient(a1: AdamMatrix, touched: Uint32Array, gradient: Float32Array): Float32Array {
  const whole = new Float32Array(a1.data.length);
  touched.forEach((row, place) => {
    whole.set(gradient.subarray(place * a1.columns, (place + 1) * a1.columns), row * a1.columns);
  });
  return whole;
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-5): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i] - expected[i]), `number ${i}`).toBeLessThanOrEqual(tolerance);
  }
}

describe.each([
  ["onnxruntime or what stands in for it", () => openDenseProducts(1)],
  ["our own kernel", async () => kernelProducts()],
] as const)("a step of cw2v by %s", (_, open: () => Promise<DenseProducts>) => {
  it("has the loss, the gradients and Adam's step of the reference, as published", async () => {
    const [model, products] = [await goldenModel(), await open()];
    const { loss, gradients } = await batchLoss({
      model,
      pairs,
      loss: "as-published",
      products,
      keepBytes: 1e9,
    });
    expect(Math.abs(loss - golden.loss)).toBeLessThan(1e-5);
    for (const [i, { mixture, touched, a1, a2 }] of gradients.entries()) {
      expectClose(wholeGradient(mixture.a1, touched, a1), golden.grads[2 * i].flat());
      expectClose(a2, golden.grads[2 * i + 1].flat());
      adamStep(mixture.a1, a1, { step: 1, learningRate: 3e-4, touched });
      adamStep(mixture.a2, a2, { step: 1, learningRate: 3e-4 });
      expectClose(mixture.a1.data, golden["after_adam_lr3e-4"][2 * i].flat());
      expectClose(mixture.a2.data, golden["after_adam_lr3e-4"][2 * i + 1].flat());
    }
    await products.release();
  });

  it("has the standard loss, and gradients that agree with differences of it", async () => {
    const [model, products] = [await goldenModel(), await open()];
    const loss = await lossOf({ model, pairs, loss: "standard", products });
    expect(Math.abs(loss - golden.standard_sgns_loss_for_comparison)).toBeLessThan(1e-5);
    await expectTrueGradients(model, pairs, "standard", products);
    await products.release();
  });

  it("computes the same weights again where they were not kept", async () => {
    const [model, products] = [await goldenModel(), await open()];
    const options = { model, pairs, loss: "standard", products } as const;
    expect((await batchLoss({ ...options, keepBytes: 0 })).gradients).toEqual(
      (await batchLoss({ ...options, keepBytes: 1e9 })).gradients,
    );
    await products.release();
  });
});

describe("a step of cw2v", () => {
  it.each(["standard", "as-published"] as const)(
    "has true gradients where one mixture serves both sides and both tables, %s",
    async (loss) => {
      const random = (rows: number, columns: number, id: number) => {
        const stream = randomStream(5, id);
        return { rows, columns, data: Float32Array.from({ length: rows * columns }, () => stream.normal()) };
      };
      const [a1, a2] = [learning(random(4, 3, 1)), learning(random(3, 7, 2))];
      const [input, head] = [await held("input", random(7, 5, 3)), await held("output", random(7, 5, 4))];
      const batch: PairBatch = {
        centers: Uint32Array.of(7, 8, 0, 10),
        contexts: Uint32Array.of(8, 7, 9, 10),
        negatives: Uint32Array.of(1, 9, 9, 7, 10, 2, 8, 8),
      };
      const products = kernelProducts();
      for (const tables of [[input], [input, head]]) {
        const mixture: LearnedMixture = { a1, a2, tables };
        const model: Cw2vModel = {
          participants: participantsOf(7, 4),
          mixtures: [mixture],
          center: { mixture, table: 0 },
          context: { mixture, table: tables.length - 1 },
        };
        await expectTrueGradients(model, batch, loss, products);
      }
    },
  );
});

async function expectTrueGradients(
  model: Cw2vModel,
  batch: PairBatch,
  loss: Cw2vLoss,
  products: DenseProducts,
): Promise<void> {
  const { gradients } = await batchLoss({ model, pairs: batch, loss, products, keepBytes: 1e9 });
  const lossNow = () => lossOf({ model, pairs: batch, loss, products });
  for (const { mixture, touched, a1, a2 } of gradients) {
    for (const [learned, gradient] of [
      [mixture.a1, wholeGradient(mixture.a1, touched, a1)],
      [mixture.a2, a2],
    ] as const) {
      expect(gradient.some((slope) => Math.abs(slope) > 1e-3)).toBe(true);
      for (let i = 0; i < gradient.length; i++) {
        const before = learned.data[i];
        const [up, down] = [Math.fround(before + 2e-2), Math.fround(before - 2e-2)];
        learned.data[i] = up;
        const above = await lossNow();
        learned.data[i] = down;
        const below = await lossNow();
        learned.data[i] = before;
        expect(Math.abs((above - below) / (up - down) - gradient[i])).toBeLessThan(1e-3);
      }
    }
  }
}
