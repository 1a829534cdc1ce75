import type { Matrix, ScoreQuery } from "@revocab/core";
import { readText } from "@revocab/files";
import { readMatrix, storeMatrix } from "@revocab/matrix";
import { type OpenModel, openModel } from "@revocab/plan";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import {
  languageModel,
  type ModelTables,
  type OpenTransformer,
  openHeadGradient,
  openTransformer,
  tablesOf,
} from "@revocab/transformer-runtime";
import { loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addGradients } from "../src/add-gradients.ts";
import {
  chunksOf,
  matchingLoss,
  openLikelihoodMatching,
  type Positions,
} from "../src/likelihood-matching.ts";
import { nextTokens } from "../src/next-tokens.ts";
import { openVocabularyRows } from "../src/open-vocabulary-rows.ts";
import { type TaughtQuery, type Teacher, taughtQuery } from "../src/teacher.ts";

describe("the loss of a chunk", () => {
  it("is the binary cross-entropy of both probabilities, each to the power 1 / τ", () => {
    const [a, b] = [0.3, 0.6];
    const { loss, slope } = matchingLoss(2 * Math.log(b), 2 * Math.log(a), 2);
    expect(loss).toBeCloseTo(-a * Math.log(b) - (1 - a) * Math.log(1 - b), 12);
    expect(slope).toBeCloseTo((b - a) / (1 - b) / 2, 12);
  });

  it.each([1, 100])("has the slope that small changes make, at τ = %d", (temperature) => {
    for (const [student, teacher] of [
      [-0.02, -3],
      [-1, -1.5],
      [-30, -2],
    ] as const) {
      const at = (step: number) => matchingLoss(student + step, teacher, temperature).loss;
      const { slope } = matchingLoss(student, teacher, temperature);
      expect(slope / ((at(1e-5) - at(-1e-5)) / 2e-5)).toBeCloseTo(1, 4);
    }
  });

  it("is least where the student is as sure as the teacher, and finite where it is certain", () => {
    expect(matchingLoss(-2, -2)).toMatchObject({ slope: 0 });
    for (const other of [-2.5, -1.5])
      expect(matchingLoss(other, -2).loss).toBeGreaterThan(matchingLoss(-2, -2).loss);
    for (const student of [0, 1e-7, Number.NEGATIVE_INFINITY]) {
      expect(Number.isFinite(matchingLoss(student, -2).slope)).toBe(true);
    }
  });
});

let model: OpenModel;
let transformer: OpenTransformer;
let target: Tokenizer;
let passages: readonly string[];

beforeAll(async () => {
  model = await openModel(SAMPLE_MODEL);
  transformer = await openTransformer(model.checkpoint, { job: { threads: 1 } });
  target = await loadTokenizer(SAMPLE_TOKENIZER);
  const { documents } = await readText(SAMPLE_TEXT);
  passages = documents.map((document) => document.slice(0, 120));
});

afterAll(async () => {
  await transformer.close();
  await model.close();
});

const ownTeacher = () => ({ tables: tablesOf(model.checkpoint), tokenizer: model.readable });

describe("chunks", () => {
  it("cover the same bytes in both tokenizers, one after the other", async () => {
    for (const passage of passages) {
      const query = await taughtQuery(passage, ownTeacher(), target, 512);
      const bytes = (tokenizer: Tokenizer, tokens: Uint32Array, [from, to]: readonly [number, number]) =>
        Buffer.concat(
          Array.from(tokens.subarray(from + 1, to + 1), (token) => tokenizer.vocabulary.bytesOf(token)),
        ).toString();
      const chunks = chunksOf(query);
      expect(chunks.length).toBeGreaterThan(10);
      for (const [i, { student, teacher }] of chunks.entries()) {
        const [own, taught] = [
          bytes(target, query.tokens, student),
          bytes(model.readable, query.teacher, teacher),
        ];
        expect(i === 0 ? own.trimStart() : own).toBe(i === 0 ? taught.trimStart() : taught);
        if (i > 0)
          expect([student[0], teacher[0]]).toEqual([chunks[i - 1]?.student[1], chunks[i - 1]?.teacher[1]]);
      }
    }
  });

  it("have tokens of both, also where one puts a space before a text that is a token of its own", () => {
    const starts = [
      [0, 1],
      [1, 1],
      [2, 3],
      [4, 3],
      [5, 6],
    ].map(([targetPosition, sourcePosition]) => ({ token: 0, targetPosition, sourcePosition }));
    const ranges = chunksOf({ shared: starts as TaughtQuery["shared"] }).map(({ student, teacher }) => [
      ...student,
      ...teacher,
    ]);
    expect(ranges).toEqual([
      [0, 2, 1, 3],
      [2, 5, 3, 6],
    ]);
    expect(chunksOf({ shared: [] })).toEqual([]);
  });
});

/** Rows of the source, given to the target's tokens in turn: an untied model that has much to learn. */
async function studentTables(): Promise<{ readonly input: Matrix; readonly output: Matrix }> {
  const { input, output } = tablesOf(model.checkpoint);
  const { columns, data } = await readMatrix(input, 0, input.rows);
  const head = (await readMatrix(output, 0, output.rows)).data;
  const rows = target.vocabulary.size;
  const inTurn = (values: Float32Array, step: number) => ({
    rows,
    columns,
    data: Float32Array.from(
      { length: rows * columns },
      (_, i) => values[((Math.floor(i / columns) * step) % input.rows) * columns + (i % columns)],
    ),
  });
  return { input: inTurn(data, 7), output: inTurn(head, 7) };
}

const stored = ({ input, output }: Awaited<ReturnType<typeof studentTables>>): ModelTables => ({
  input: storeMatrix(input, "F32"),
  output: storeMatrix(output, "F32"),
});

/** The gradients that a step takes of the loss of some queries. */
async function gradientsOf(tables: ModelTables, queries: readonly TaughtQuery[], teacher: Teacher) {
  const all = new Set(Array.from({ length: tables.output.rows }, (_, id) => id));
  const rows = await openVocabularyRows(tables, { input: all, output: all }, all);
  const head = openHeadGradient(transformer, { fixed: rows.output.fixed });
  const matching = openLikelihoodMatching(transformer, teacher);
  const [byInput, byOutput] = [rows.input, rows.output].map(
    ({ learning }) => new Float32Array(learning.length),
  ) as [Float32Array, Float32Array];
  const weigh = await matching.weigherOf(queries, undefined);
  await addGradients({ transformer, head, rows, queries, byInput, byOutput, weigh });
  await Promise.all([head.close(), matching.close()]);
  return { byInput, byOutput };
}

/** ln p of each target. */
async function logarithmsOf(tables: ModelTables, queries: readonly ScoreQuery[]) {
  const scorer = languageModel(transformer, tables);
  const logarithms = await scorer.score(queries);
  await scorer.close();
  return logarithms;
}

describe("the objective alm", () => {
  it("has the gradient of the loss of the next token and of 100 times the loss of the chunks", async () => {
    const teacher = ownTeacher();
    const queries = await Promise.all(
      passages.slice(0, 2).map((passage) => taughtQuery(passage, teacher, target, 512)),
    );
    const taught = await logarithmsOf(
      teacher.tables,
      queries.map(({ teacher: tokens }) => nextTokens(tokens)),
    );
    const sum = (values: Float32Array, [from, to]: Positions) =>
      values.subarray(from, to).reduce((total, value) => total + value, 0);
    const lossOf = async (tables: ModelTables) => {
      const own = await logarithmsOf(tables, queries);
      return queries.reduce((total, query, i) => {
        const chunks = chunksOf(query).map(
          (chunk) => matchingLoss(sum(own[i], chunk.student), sum(taught[i], chunk.teacher)).loss,
        );
        return total - sum(own[i], [0, own[i].length]) + 100 * chunks.reduce((all, loss) => all + loss, 0);
      }, 0);
    };
    const tables = await studentTables();
    const { byInput, byOutput } = await gradientsOf(stored(tables), queries, teacher);
    for (const [slot, gradient] of [["input", byInput] as const, ["output", byOutput] as const]) {
      const length = Math.sqrt(gradient.reduce((square, value) => square + value * value, 0));
      const moved = (step: number) => ({
        ...tables,
        [slot]: {
          ...tables[slot],
          data: tables[slot].data.map((value, i) => value + (step * gradient[i]) / length),
        },
      });
      const step = 3e-3;
      const slope = ((await lossOf(stored(moved(step)))) - (await lossOf(stored(moved(-step))))) / (2 * step);
      expect(slope / length, slot).toBeCloseTo(1, 2);
    }
  });

  it("adds nothing to the loss of the next token where the model is its own teacher", async () => {
    const teacher = ownTeacher();
    const queries = await Promise.all(
      passages.map((passage) => taughtQuery(passage, teacher, model.readable, 512)),
    );
    const matching = openLikelihoodMatching(transformer, teacher);
    const weigh = await matching.weigherOf(queries, undefined);
    const own = await logarithmsOf(teacher.tables, queries);
    for (const [i, logarithms] of own.entries()) {
      const weights = weigh(
        i,
        logarithms.map((value) => -value),
      );
      for (const weight of weights) expect(weight).toBeCloseTo(1, 4);
    }
    await matching.close();
  });
});
