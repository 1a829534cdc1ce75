import { readFileSync } from "node:fs";
import type {
  EmbeddingTable,
  InitContext,
  Matrix,
  ProgressEvent,
  RowMethod,
  StoredDtype,
} from "@revocab/core";
import {
  initializeRows,
  mean,
  multivariateNormal,
  planTable,
  random,
  univariateNormal,
  zero,
} from "@revocab/embedding-init";
import { storeMatrix } from "@revocab/matrix";
import { makeContext } from "@revocab/test-support/contract-models";
import { handMadeVocabulary, text, UNUSED } from "@revocab/test-support/hand-made-vocabulary";
import { allDenseRows } from "@revocab/test-support/plan-rows";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { describe, expect, it } from "vitest";

interface Golden {
  readonly embed: readonly (readonly number[])[];
  readonly mean: readonly number[];
  readonly cov: readonly (readonly number[])[];
  readonly eps: number;
  readonly max_abs_dev_expected_std: number;
}
const golden: Golden = JSON.parse(
  readFileSync(new URL("fixtures/hf_mean_resizing.json", import.meta.url), "utf8"),
);
const embeddings: Matrix = { rows: 20, columns: 6, data: Float32Array.from(golden.embed.flat()) };
const source = handMadeVocabulary(tokens(20, "source"));
const target = handMadeVocabulary(tokens(20_000, "target"));
const alignment = alignVocabularies({ source, target });

describe("mean", () => {
  it("every new row is the reference's mean", async () => {
    const rows = await initializeRows({
      source: { embeddings, vocabulary: source },
      target: { vocabulary: handMadeVocabulary(tokens(3, "target")) },
      method: mean(),
    });
    for (let row = 0; row < 3; row++) {
      golden.mean.forEach((value, j) => {
        expect(Math.abs(rows.data[row * 6 + j] - value)).toBeLessThan(1e-7);
      });
    }
  });

  it("holes and padding do not count, in univariate-normal neither", async () => {
    const holes = {
      embeddings: { rows: 4, columns: 1, data: Float32Array.of(1, 1000, 3, 1000) },
      vocabulary: handMadeVocabulary([text("a"), UNUSED, text("b")]),
    };
    const options = { source: holes, target: { vocabulary: target }, tokens: Uint32Array.of(5, 6, 7, 8) };
    const rows = await initializeRows({ ...options, method: mean() });
    expect(Array.from(rows.data)).toEqual([2, 2, 2, 2]);
    const drawn = await initializeRows({ ...options, method: univariateNormal() });
    expect(drawn.data.every((value) => Math.abs(value - 2) < 6)).toBe(true);
  });
});

describe("zero", () => {
  it("gives rows of zeros that are evidence, not empty rows", async () => {
    const context = contextOf("F32");
    const table = context.source.tables[0];
    const plan = await planTable({ context, method: zero(), table, tokens: Uint32Array.of(1, 2) });
    expect(plan.origins[plan.origin[0]]).toBe("zero");
    expect(Array.from(plan.mixture.weights)).toEqual([1, 1]);
    expect(plan.basis.data.every((value) => value === 0)).toBe(true);
  });
});

describe("random", () => {
  it("draws with the standard deviation given, or the model's own", async () => {
    const given = statistics(await drawn(random({ standardDeviation: 3 })));
    const own = statistics(await drawn(random()));
    for (let j = 0; j < 6; j++) {
      expect(given.covariance[j * 6 + j]).toBeGreaterThan(9 * 0.96);
      expect(given.covariance[j * 6 + j]).toBeLessThan(9 * 1.04);
      expect(Math.abs(given.mean[j])).toBeLessThan(0.1);
      expect(Math.sqrt(own.covariance[j * 6 + j])).toBeCloseTo(0.02, 3);
    }
  });

  it("a head bias becomes 0, and input and head rows differ", async () => {
    const context = makeContext();
    const [input, output, bias] = await Promise.all(
      context.source.tables.map(async (table) =>
        allDenseRows(await planTable({ context, method: random(), table })),
      ),
    );
    expect(bias.data.every((value) => value === 0)).toBe(true);
    expect(input.data).not.toEqual(output.data);
  });

  it("another seed gives other rows, and two tokens differ", async () => {
    const context = makeContext();
    const table = context.source.tables[0];
    const rowsFor = async (seed: number) =>
      (await allDenseRows(await planTable({ context: { ...context, seed }, method: random(), table }))).data;
    const rows = await rowsFor(7);
    expect(await rowsFor(8)).not.toEqual(rows);
    expect(rows.slice(0, 6)).not.toEqual(rows.slice(6, 12));
  });

  it("refuses a standard deviation that is none", () => {
    for (const standardDeviation of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => random({ standardDeviation })).toThrow(/standardDeviation is/);
    }
  });
});

describe("univariateNormal", () => {
  it("rows have the mean and variance of each dimension and no covariance", async () => {
    const { mean, covariance } = statistics(await drawn(univariateNormal()));
    for (let i = 0; i < 6; i++) {
      expect(Math.abs(mean[i] - golden.mean[i])).toBeLessThan(0.04);
      for (let j = 0; j < 6; j++) {
        const expected = i === j ? golden.cov[i][i] : 0;
        expect(Math.abs(covariance[i * 6 + j] - expected)).toBeLessThan(0.06);
      }
    }
  });

  it("a head bias is drawn from the biases", async () => {
    const context = makeContext();
    const table = context.source.tables[2];
    const { data } = await allDenseRows(await planTable({ context, method: univariateNormal(), table }));
    expect(data.some((value) => value !== 0)).toBe(true);
  });
});

describe("multivariateNormal", () => {
  it("with ε = 1, rows have the reference's mean and covariance", async () => {
    const { mean, covariance } = statistics(await drawn(multivariateNormal({ epsilon: 1 })));
    for (let i = 0; i < 6; i++) {
      expect(Math.abs(mean[i] - golden.mean[i])).toBeLessThan(0.04);
      for (let j = 0; j < 6; j++)
        expect(Math.abs(covariance[i * 6 + j] - golden.cov[i][j])).toBeLessThan(0.06);
    }
  });

  it("with the default ε, rows lie as close to the mean as the reference's", async () => {
    const rows = await drawn(multivariateNormal());
    expect(multivariateNormal().kind === "rows" && multivariateNormal().options).toEqual({
      epsilon: golden.eps,
    });
    const { covariance } = statistics(rows);
    const widest = Math.max(...golden.cov.map((row, j) => row[j]));
    expect(Math.sqrt(golden.eps * widest)).toBeCloseTo(golden.max_abs_dev_expected_std, 8);
    for (let j = 0; j < 6; j++) {
      expect(covariance[j * 6 + j] / (golden.eps * golden.cov[j][j])).toBeGreaterThan(0.95);
      expect(covariance[j * 6 + j] / (golden.eps * golden.cov[j][j])).toBeLessThan(1.05);
    }
  });

  it("a covariance of less than full rank keeps the rows in its span", async () => {
    const data = Float32Array.from({ length: 20 * 2 }, (_, i) => (i % 2 === 0 ? 1 : 2) * Math.floor(i / 2));
    const rows = await initializeRows({
      source: { embeddings: { rows: 20, columns: 2, data }, vocabulary: source },
      target: { vocabulary: target },
      tokens: Uint32Array.of(1, 2, 3),
      method: multivariateNormal({ epsilon: 1 }),
    });
    for (let row = 0; row < 3; row++) expect(rows.data[row * 2 + 1]).toBeCloseTo(2 * rows.data[row * 2], 4);
    expect(rows.data[0]).not.toBe(rows.data[2]);
  });

  it("says that bf16 loses most of the noise, and says nothing in f32 or with noise to spare", async () => {
    expect(await notesOf(multivariateNormal(), "BF16")).toEqual([
      expect.stringMatching(/in \d of 6 columns of input .* half a BF16 step/),
    ]);
    expect(await notesOf(multivariateNormal(), "F32")).toEqual([]);
    expect(await notesOf(multivariateNormal({ epsilon: 1e-2 }), "BF16")).toEqual([]);
  });

  it("refuses an ε that is none", () => {
    for (const epsilon of [0, -1e-9, Number.NaN]) {
      expect(() => multivariateNormal({ epsilon })).toThrow(/epsilon is/);
    }
  });
});

function tokens(count: number, name: string) {
  return Array.from({ length: count }, (_, i) => text(`${name} ${i}`));
}

function contextOf(dtype: StoredDtype, onProgress?: (event: ProgressEvent) => void): InitContext {
  const table: EmbeddingTable = {
    slot: "input",
    role: "input",
    isBias: false,
    matrix: storeMatrix(embeddings, dtype),
  };
  return {
    source: { vocabulary: source, tables: [table] },
    target: { vocabulary: target },
    alignment,
    seed: 7,
    initializerRange: 0.02,
    job: { onProgress },
  };
}

/** 20,000 new rows from the golden embeddings. */
async function drawn(method: RowMethod): Promise<Matrix> {
  const context = contextOf("F32");
  return allDenseRows(await planTable({ context, method, table: context.source.tables[0] }));
}

async function notesOf(method: RowMethod, dtype: StoredDtype): Promise<string[]> {
  const notes: string[] = [];
  await method.prepare(
    contextOf(dtype, (event) => {
      if (event.type === "note") notes.push(event.message);
    }),
  );
  return notes;
}

/** Mean [d] and covariance [d × d] of the rows, by their definitions. */
function statistics({ rows, columns, data }: Matrix): { mean: number[]; covariance: number[] } {
  const at = (row: number, j: number) => data[row * columns + j];
  const average = (value: (row: number) => number) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += value(row);
    return sum / rows;
  };
  const mean = Array.from({ length: columns }, (_, j) => average((row) => at(row, j)));
  const covariance = Array.from({ length: columns * columns }, (_, k) => {
    const i = Math.floor(k / columns);
    const j = k % columns;
    return average((row) => (at(row, i) - mean[i]) * (at(row, j) - mean[j]));
  });
  return { mean, covariance };
}
