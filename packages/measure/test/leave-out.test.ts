import type { EmbeddingTable, InitMethod, Matrix, MixtureMethod, RowMethod, Vocabulary } from "@revocab/core";
import { copyOverlap, mean, random, subtokenMean, withFallback, zero } from "@revocab/embedding-init";
import { MixtureBuilder, randomStream, storeMatrix } from "@revocab/matrix";
import { type LeaveOut, type LeaveOutOptions, type LeaveOutTable, leaveOut } from "@revocab/measure";
import {
  byte,
  type HandMadeEntry,
  handMadeVocabulary,
  special,
  text,
  UNUSED,
} from "@revocab/test-support/hand-made-vocabulary";
import { describe, expect, it } from "vitest";

const SOURCE = [text("a"), text("b"), text("ab"), text("c"), UNUSED, special("</s>", "eos"), byte(0x64)];
const TARGET = handMadeVocabulary([text("ab"), text("xyz"), text("d"), special("</s>", "eos")]);
/** The last two rows belong to no token: padding, and the hole at 4. */
const ROWS = [
  [1, 0],
  [0, 1],
  [3, 4],
  [2, 2],
  [1, 1],
  [-1, 0],
  [0, -1],
  [1, 1],
];

const PAIRS = Array.from({ length: 400 }, (_, i) => text(`${String.fromCharCode(97 + (i % 20))}${i}`));

describe("leaving out known rows", () => {
  it("gives the worked example: (3, 4) guessed as the mean of (1, 0) and (0, 1)", async () => {
    const found = await measured(subtokenMean());
    // (0.5, 0.5) is nearer to (2, 2); hole and padding are not ranked.
    expect(found).toEqual({
      slot: "input",
      role: "input",
      tokens: 1,
      byMethod: { "subtoken-mean": 1 },
      cosine: { mean: expect.closeTo(7 / (5 * Math.SQRT2), 12), median: expect.closeTo(0.98995, 5) },
      rank: { median: 2, meanReciprocal: 0.5, first: 0, of: 6 },
      relativeError: { mean: expect.closeTo(Math.sqrt(18.5) / 5, 12), median: expect.closeTo(0.86023, 5) },
    });
  });

  it("names the tokens that were met worst, where they are asked for", async () => {
    const { tables } = await leaveOut({ ...options(subtokenMean()), worst: 3 });
    expect(tables[0].worst).toEqual([
      { id: 0, token: "ab", cosine: expect.closeTo(7 / (5 * Math.SQRT2), 12), rank: 2 },
    ]);
    const many = await leaveOut(large(random(), { share: 0.3, worst: 5 }));
    const cosines = (many.tables[0].worst ?? []).map(({ cosine }) => cosine);
    expect(cosines).toHaveLength(5);
    expect(cosines.toSorted((a, b) => a - b)).toEqual(cosines);
  });

  it("says what was hidden: text tokens of both, not specials, not byte tokens", async () => {
    expect(await leaveOut(options(subtokenMean()))).toMatchObject({
      seed: 0,
      share: 0.1,
      sharedTokens: 1,
      hiddenTokens: 1,
      note: null,
    });
  });

  it("does not copy a hidden token, whatever else has its bytes", async () => {
    const source = [...SOURCE.slice(0, 6), text("ab", "ab again")];
    const found = await measured(withFallback(copyOverlap(), subtokenMean()), { entries: source });
    expect(found.byMethod).toEqual({ "subtoken-mean": 1 });
  });

  it("hides the row from statistics, too", async () => {
    // (1, 0), (0, 1), (2, 2), (−1, 0) and (0, −1)
    const found = await measured(mean());
    expect(found.cosine.mean).toBeCloseTo(7 / (5 * Math.SQRT2), 6);
    expect(found.relativeError.mean).toBeCloseTo(Math.hypot(3 - 0.4, 4 - 0.4) / 5, 6);
  });

  it("gives cosine 1, rank 1 and error 0 to rows that are the true ones", async () => {
    const { tables } = await leaveOut(large(knowingMethod(), { share: 0.3 }));
    expect(tables).toHaveLength(1);
    expect(tables[0]).toMatchObject({
      tokens: 120,
      cosine: { mean: expect.closeTo(1, 12), median: expect.closeTo(1, 12) },
      rank: { median: 1, meanReciprocal: 1, first: 1, of: 400 },
      relativeError: { mean: 0, median: 0 },
    });
  });

  it("ranks rows that are as near as the true one before it", async () => {
    const rows = [[3, 4], [0, 1], [3, 4], [6, 8], ...ROWS.slice(4)];
    const found = await measured(knowingMethod(), { rows });
    expect(found.rank).toMatchObject({ median: 3, first: 0 });
  });

  it("ranks random rows at half of all, and a row of zeros last", async () => {
    const by = async (method: InitMethod) => (await leaveOut(large(method, { share: 1 }))).tables[0];
    const guessed = await by(random());
    expect(guessed.rank.median).toBeGreaterThan(160);
    expect(guessed.rank.median).toBeLessThan(240);
    expect(Math.abs(guessed.cosine.mean)).toBeLessThan(0.02);
    expect(await by(zero())).toMatchObject({
      cosine: { mean: 0, median: 0 },
      rank: { median: 400, first: 0 },
      relativeError: { mean: 1, median: 1 },
    });
  });

  it("counts a token without evidence as a row of zeros", async () => {
    const entries = SOURCE.with(1, UNUSED);
    expect(await measured(subtokenMean(), { entries })).toMatchObject({
      byMethod: { none: 1 },
      cosine: { mean: 0 },
      rank: { median: 5, of: 5 },
      relativeError: { mean: 1 },
    });
  });

  it("rounds new rows as the model would store them", async () => {
    const method = rowMethod(() => [3.001, 3.999]);
    expect((await measured(method, { dtype: "F32" })).relativeError.mean).toBeGreaterThan(1e-4);
    expect((await measured(method, { dtype: "BF16" })).relativeError.mean).toBe(0);
  });

  it("measures input and head apart, and leaves out biases", async () => {
    const head = ROWS.map(([x, y]) => [y * 2, x]);
    const input = tableOf(ROWS);
    const output: EmbeddingTable = { ...tableOf(head), slot: "output", role: "output" };
    const bias: EmbeddingTable = {
      slot: "output.bias",
      role: "output",
      isBias: true,
      matrix: storeMatrix({ rows: 8, columns: 1, data: new Float32Array(8) }),
    };
    const base = options(subtokenMean({ weighting: "first-last" }));
    const { tables } = await leaveOut({
      ...base,
      source: { ...base.source, tables: [input, output, bias] },
    });
    // The last piece at the input, (0, 1) for (3, 4); the first at the head, (0, 1) for (8, 3).
    expect(tables.map(({ slot, role, cosine }) => [slot, role, cosine.mean])).toEqual([
      ["input", "input", expect.closeTo(4 / 5, 12)],
      ["output", "output", expect.closeTo(3 / Math.sqrt(73), 12)],
    ]);
  });

  it("leaves out a true row of zeros, to which nothing is relative", async () => {
    const result = await leaveOut(options(mean(), { rows: ROWS.with(2, [0, 0]) }));
    expect(result).toMatchObject({
      hiddenTokens: 1,
      tables: [],
      note: "no table has true rows to compare with: they are zeros or have one column",
    });
  });

  it("gives the same figures twice, and others with another seed", async () => {
    const at = (seed: number) => leaveOut(large(mean(), { seed }));
    const first = await at(0);
    expect(await at(0)).toEqual(first);
    expect((await at(1)).tables[0].cosine.mean).not.toBe(first.tables[0].cosine.mean);
  });

  it.each([
    [0.1, 1000, 40],
    [0.1, 7, 7],
    [0.001, 1000, 1],
    [1, 1000, 400],
  ])("hides a share of %d, at most %d: %d of 400 tokens", async (share, maxTokens, expected) => {
    const { hiddenTokens, sharedTokens } = await leaveOut(large(random(), { share, maxTokens }));
    expect([hiddenTokens, sharedTokens]).toEqual([expected, 400]);
  });

  it("says so where the vocabularies share nothing", async () => {
    const result = await leaveOut({ ...options(mean()), target: { vocabulary: vocabularyOf("x", "y") } });
    expect(result).toEqual({
      seed: 0,
      share: 0.1,
      sharedTokens: 0,
      hiddenTokens: 0,
      note: "the two vocabularies share no text token that could be hidden",
      tables: [],
    });
  });

  it.each([
    { share: 0 },
    { share: 1.5 },
    { share: Number.NaN },
    { maxTokens: 0 },
    { maxTokens: 2.5 },
    { seed: 0.5 },
  ])("refuses %j", async (wrong) => {
    await expect(leaveOut({ ...options(mean()), ...wrong })).rejects.toMatchObject({ code: "bad_options" });
  });

  it("refuses rows that are no numbers, and says which", async () => {
    const failure = leaveOut(options(rowMethod(() => [Number.NaN, 1])));
    await expect(failure).rejects.toMatchObject({
      code: "not_finite",
      message: expect.stringContaining("row 2 of input or the row that was initialized in its place"),
    });
  });

  it("stops when it is aborted, before and between two steps", async () => {
    const before = leaveOut({ ...options(mean()), job: { abortSignal: AbortSignal.abort() } });
    await expect(before).rejects.toMatchObject({ code: "aborted" });
    for (const step of ["align", "plan input", "rank input"]) {
      const controller = new AbortController();
      const during = leaveOut({
        ...options(mean()),
        job: {
          abortSignal: controller.signal,
          onProgress: (event) => {
            if (event.step === step) controller.abort();
          },
        },
      });
      await expect(during).rejects.toMatchObject({ code: "aborted" });
    }
  });
});

interface Choice {
  readonly entries?: readonly HandMadeEntry[];
  readonly rows?: readonly (readonly number[])[];
  readonly dtype?: "F32" | "BF16";
}

function options(
  method: InitMethod,
  { entries = SOURCE, rows = ROWS, dtype = "F32" }: Choice = {},
): LeaveOutOptions {
  return {
    source: { tokenizer: tokenizerOf(entries), tables: [tableOf(rows, dtype)] },
    target: { vocabulary: TARGET },
    method,
  };
}

/** The one table of the small example. */
async function measured(method: InitMethod, choice: Choice = {}): Promise<LeaveOutTable> {
  const { tables }: LeaveOut = await leaveOut(options(method, choice));
  expect(tables).toHaveLength(1);
  return tables[0];
}

/** 400 tokens with normal rows, all of them shared. */
function large(method: InitMethod, chosen: Partial<LeaveOutOptions>): LeaveOutOptions {
  const { normal } = randomStream(3, 0);
  const matrix = { rows: 400, columns: 64, data: Float32Array.from({ length: 400 * 64 }, normal) };
  return {
    source: {
      tokenizer: tokenizerOf(PAIRS),
      tables: [{ slot: "input", role: "input", isBias: false, matrix: storeMatrix(matrix) }],
    },
    target: { vocabulary: handMadeVocabulary(PAIRS) },
    method,
    ...chosen,
  };
}

function tokenizerOf(entries: readonly HandMadeEntry[]): LeaveOutOptions["source"]["tokenizer"] {
  return {
    vocabulary: handMadeVocabulary(entries),
    vocabularyWithout: (hidden) =>
      handMadeVocabulary(entries.map((entry, id) => (hidden.has(id) ? UNUSED : entry))),
  };
}

function vocabularyOf(...texts: string[]): Vocabulary {
  return handMadeVocabulary(texts.map((string) => text(string)));
}

function tableOf(rows: readonly (readonly number[])[], dtype: "F32" | "BF16" = "F32"): EmbeddingTable {
  const matrix: Matrix = { rows: rows.length, columns: 2, data: Float32Array.from(rows.flat()) };
  return { slot: "input", role: "input", isBias: false, matrix: storeMatrix(matrix, dtype) };
}

/** Copies the row that was hidden: of the small example for `ab`, of the large one for the same id. */
function knowingMethod(): MixtureMethod {
  return {
    kind: "mixture",
    name: "knowing",
    weights: "convex",
    differsByRole: false,
    options: {},
    async prepare({ target }) {
      return {
        mixture(tokens) {
          const builder = new MixtureBuilder();
          for (const token of tokens) builder.addRow([target.vocabulary === TARGET ? 2 : token], [1]);
          return builder.build();
        },
      };
    },
  };
}

function rowMethod(row: () => number[]): RowMethod {
  return {
    kind: "rows",
    name: "given",
    differsByRole: false,
    options: {},
    async prepare() {
      return {
        rows: (tokens) => ({
          rows: tokens.length,
          columns: 2,
          data: Float32Array.from(Array.from(tokens, row).flat()),
        }),
      };
    },
  };
}
