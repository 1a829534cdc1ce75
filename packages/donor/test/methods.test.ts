import type { EmbeddingTable, InitContext, InitMethod, Job, Matrix, Vocabulary } from "@revocab/core";
import {
  clp,
  clpEntry,
  matchingPursuit,
  matchingPursuitEntry,
  nearest,
  nearestEntry,
  omp,
  procrustes,
  procrustesEntry,
  sparseBasis,
  sparseBasisEntry,
} from "@revocab/donor";
import { copyOverlap, planTable, rowsOfPlan, withFallback } from "@revocab/embedding-init";
import { mixtureRow } from "@revocab/matrix";
import { describeMethodContract } from "@revocab/test-support/contract";
import { makeTables, randomMatrix, TARGET_VOCABULARY } from "@revocab/test-support/contract-models";
import { describeEntryContract } from "@revocab/test-support/entry-contract";
import { byte, handMadeVocabulary, text } from "@revocab/test-support/hand-made-vocabulary";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { describe, expect, it } from "vitest";
import { contextWith, donorOf, product, tableOf, untiedTables } from "./donor-models.ts";

const HEADS = { heads: 1, base: 10000 };

function contextFor(target: Vocabulary, tables: readonly EmbeddingTable[]): InitContext {
  const context = contextWith(
    { ...donorOf(untiedTables(target, 8), target, target), rotary: HEADS },
    tables,
    target,
  );
  return { ...context, source: { ...context.source, rotary: HEADS } };
}

const METHODS: readonly (readonly [string, () => InitMethod])[] = [
  ["nearest", nearest],
  ["nearest, barycentric by cosine", () => nearest({ k: 3, solver: "barycentric", metric: "cosine" })],
  ["nearest, least squares", () => nearest({ k: 2, solver: "least-squares", prefix: "both" })],
  ["procrustes", procrustes],
  ["procrustes, ridge", () => procrustes({ map: "ridge", prefix: "output" })],
  ["clp", clp],
  ["sparse-basis", sparseBasis],
  ["matching-pursuit", matchingPursuit],
  ["matching-pursuit, of rows as they are", () => matchingPursuit({ k: 3, rotary: "none" })],
  ["omp, by cosines", () => omp({ k: 3, picks: "cosine", prefix: "input" })],
];

for (const [name, create] of METHODS) {
  describeMethodContract(name, create, { contextFor, readsEmbeddings: true });
}
for (const entry of [nearestEntry, procrustesEntry, clpEntry, sparseBasisEntry, matchingPursuitEntry]) {
  describeEntryContract(entry);
}

/** n words that the source has and the target too, and as many more that only the target has: first "a1", then "new a1". */
function wordModels(donor: Matrix, source: Matrix, words = source.rows) {
  const shared = Array.from({ length: words }, (_, i) => text(`a${i};`));
  const news = Array.from({ length: donor.rows - words }, (_, i) => text(`a${i};b`));
  const vocabulary = handMadeVocabulary(shared);
  const target = handMadeVocabulary([...shared, ...news]);
  const tables = [tableOf("input", source), tableOf("output", source)];
  const context: InitContext = {
    ...contextWith(donorOf([tableOf("input", donor)], target, target), tables, target),
    source: { vocabulary, tables },
    alignment: alignVocabularies({ source: vocabulary, target }),
  };
  return { context, input: tables[0], output: tables[1], words };
}

/** The rows of the new words, [] for one without. */
async function newRows(
  { context, words }: ReturnType<typeof wordModels>,
  table: EmbeddingTable,
  method: InitMethod,
): Promise<number[][]> {
  const plan = await planTable({ context, method, table });
  const { columns, data } = await rowsOfPlan(plan, table.matrix);
  return Array.from(plan.origin.subarray(words), (origin, i) =>
    plan.origins[origin] === "none"
      ? []
      : Array.from(data.subarray((words + i) * columns, (words + i + 1) * columns)),
  );
}

/** A donor of 90 words, and a source that has 60 of them with rows that are a linear map of the donor's. */
function linearModels(map: Matrix) {
  const donor = randomMatrix(90, map.rows, 5);
  const mapped = product(donor, map);
  const source = { ...mapped, rows: 60, data: mapped.data.slice(0, 60 * map.columns) };
  const expected = Array.from({ length: 30 }, (_, i) =>
    Array.from(mapped.data.subarray((60 + i) * map.columns, (61 + i) * map.columns)),
  );
  return { models: wordModels(donor, source), expected };
}

/** The largest difference of a figure in two lists of rows. */
function difference(found: readonly number[][], expected: readonly number[][]): number {
  expect(found.map((row) => row.length)).toEqual(expected.map((row) => row.length));
  return Math.max(...found.flatMap((row, i) => row.map((value, j) => Math.abs(value - expected[i][j]))));
}

const TURN: Matrix = { rows: 3, columns: 3, data: Float32Array.of(0, 1, 0, 0, 0, 1, 1, 0, 0) };

describe("methods with a donor", () => {
  it("find the rows of a source that is a turn of the donor, those that can: procrustes, sparse-basis, omp, least squares", async () => {
    const { models, expected } = linearModels(TURN);
    for (const method of [
      procrustes(),
      procrustes({ map: "ridge", ridge: 1e-6 }),
      sparseBasis(),
      omp({ k: 3 }),
      nearest({ k: 5, solver: "least-squares" }),
      nearest({ k: 5, solver: "barycentric" }),
    ]) {
      expect(difference(await newRows(models, models.input, method), expected)).toBeLessThan(1e-4);
    }
  });

  it("find those of a source that is another linear map, but for a turn", async () => {
    const { models, expected } = linearModels(randomMatrix(4, 6, 3));
    for (const method of [procrustes({ map: "ridge", ridge: 1e-6 }), sparseBasis(), omp({ k: 4 })]) {
      expect(difference(await newRows(models, models.input, method), expected)).toBeLessThan(1e-4);
    }
    expect(difference(await newRows(models, models.input, procrustes()), expected)).toBeGreaterThan(0.1);
  });

  it("copy, where prefix says so, the row of the longest source token that a new one begins with", async () => {
    const donor = randomMatrix(90, 4, 5);
    const source = randomMatrix(60, 4, 6);
    const models = wordModels(donor, source);
    const copies = Array.from({ length: 30 }, (_, i) => Array.from(source.data.subarray(i * 4, (i + 1) * 4)));
    for (const create of [omp, nearest, procrustes, clp]) {
      const rows = (table: EmbeddingTable, prefix: "none" | "input" | "output" | "both") =>
        newRows(models, table, create({ prefix }));
      expect(await rows(models.input, "both")).toEqual(copies);
      expect(await rows(models.output, "output")).toEqual(copies);
      const computed = await rows(models.input, "none");
      expect(computed).not.toEqual(copies);
      expect(await rows(models.input, "output")).toEqual(computed);
    }
  });

  it("never take a part of a character for a prefix, nor spaces", async () => {
    const source = handMadeVocabulary([
      text("x"),
      text("y"),
      text(" "),
      { ...text("ä"), bytes: Uint8Array.of(0xc3) },
    ]);
    const target = handMadeVocabulary([text("x"), text("y"), text("ä"), text(" z"), text("xä")]);
    const tables = [tableOf("input", randomMatrix(4, 2, 1))];
    const context = {
      ...contextWith(donorOf([tableOf("input", randomMatrix(5, 3, 2))], target, target), tables, target),
      source: { vocabulary: source, tables },
      alignment: alignVocabularies({ source, target }),
    };
    const { mixture } = await planTable({
      context,
      method: nearest({ k: 2, prefix: "both" }),
      table: tables[0],
    });
    expect(Array.from(mixture.offsets)).toEqual([0, 1, 2, 4, 6, 7]);
  });

  it("give a row the same figures, whatever rows are computed beside it", async () => {
    const models = wordModels(randomMatrix(1000, 130, 5), randomMatrix(300, 70, 6));
    for (const method of [procrustes(), procrustes({ map: "ridge" }), clp(), sparseBasis({ k: 4 })]) {
      const plan = await planTable({ context: models.context, method, table: models.input });
      const all = await plan.denseRows(0, 1000);
      for (const count of [1, 2, 63, 64, 65, 200]) {
        const some = await plan.denseRows(500, count);
        expect(some.data).toEqual(all.data.subarray(500 * 70, (500 + count) * 70));
      }
    }
  });

  it("leave a head bias to the fallback where rows are no sums", async () => {
    const context = contextFor(TARGET_VOCABULARY, makeTables());
    const table = context.source.tables[2];
    for (const method of [procrustes(), clp(), sparseBasis(), matchingPursuit()]) {
      const { origin, origins } = await planTable({ context, method, table });
      expect(new Set(Array.from(origin, (at) => origins[at]))).toEqual(new Set(["none", "unused"]));
    }
  });

  it("after copy-overlap, fill the same rows of the tables whatever their kind", async () => {
    const context = contextFor(TARGET_VOCABULARY, makeTables());
    const [table] = context.source.tables;
    const filled = METHODS.map(async ([, create]) => {
      const { origin, origins } = await planTable({
        context,
        method: withFallback(copyOverlap(), create()),
        table,
      });
      return Array.from(origin, (at) => origins[at] === "none");
    });
    const [first, ...others] = await Promise.all(filled);
    for (const one of others) expect(one).toEqual(first);
  });
});

describe("matching-pursuit", () => {
  it("needs models that turn positions, or rotary=none", async () => {
    const context = contextWith(donorOf(untiedTables(TARGET_VOCABULARY, 8)));
    const planWith = (one: InitContext, method = matchingPursuit()) =>
      planTable({ context: one, method, table: one.source.tables[0] });
    await expect(planWith(context)).rejects.toThrow(/^the config of the donor names no attention heads/);
    const donor = { ...(await context.donor!()), rotary: HEADS };
    const ofDonor = { ...context, donor: async () => donor };
    await expect(planWith(ofDonor)).rejects.toThrow(/^the config of the source names no attention heads/);
    await expect(planWith(context, matchingPursuit({ rotary: "none" }))).resolves.toBeDefined();
    const odd = { ...ofDonor, source: { ...ofDonor.source, rotary: { heads: 5, base: 10 } } };
    await expect(planWith(odd)).rejects.toThrow(/^source rows of 6 columns cannot be cut into 5 heads/);
  });
});

describe("clp", () => {
  it("notes tokens whose weights are turned round, and those whose weights nearly cancel out", async () => {
    const { models } = linearModels(TURN);
    const notes: string[] = [];
    const onProgress: Job["onProgress"] = (event) => {
      if (event.type === "note") notes.push(event.message);
    };
    await newRows({ ...models, context: { ...models.context, job: { onProgress } } }, models.input, clp());
    expect(notes[0]).toMatch(/^input: the mean cosine of \d+ of 30 new tokens to the anchors is below 0/);
    expect(notes[1]).toMatch(
      /^input: weights cancel out most for tokens .* nearest to 0: "a\d+;b" -?\d\.\de-\d/,
    );
  });
});

describe("the options", () => {
  it("are checked by name", () => {
    for (const create of [
      () => nearest({ k: 0 }),
      () => nearest({ solver: "closest" as never }),
      () => nearest({ metric: "cos" as never }),
      () => procrustes({ map: "affine" as never }),
      () => procrustes({ map: "ridge", ridge: 0 }),
      () => procrustes({ ridge: 0.1 }),
      () => sparseBasis({ k: 1.5 }),
      () => matchingPursuit({ k: -1 }),
      () => matchingPursuit({ rotary: "rope" as never }),
      () => omp({ picks: "dot" as never }),
      () => clp({ prefix: "yes" as never }),
      () => clp({ anchors: 1 }),
    ]) {
      expect(create).toThrow(expect.objectContaining({ code: "bad_options" }));
    }
  });
});

describe("the anchors", () => {
  it("are tokens of text where a byte token stands for the same: its row was never trained", async () => {
    const source = handMadeVocabulary([text("a"), text("b"), text("c")]);
    const target = handMadeVocabulary([byte(0x61), byte(0x62), text("a"), text("b"), text("c"), text("ab")]);
    const tables = [tableOf("input", randomMatrix(3, 2, 1))];
    // the new token has the donor's row of "a", and <0x61> one like no other
    const donor = randomMatrix(6, 3, 2);
    donor.data.set(donor.data.subarray(2 * 3, 3 * 3), 5 * 3);
    const context = {
      ...contextWith(donorOf([tableOf("input", donor)], target, target), tables, target),
      source: { vocabulary: source, tables },
      alignment: alignVocabularies({ source, target }),
    };
    const { mixture } = await planTable({ context, method: omp({ k: 3 }), table: tables[0] });
    const { sources, weights } = mixtureRow(mixture, 5);
    expect(Array.from(sources)).toEqual([0]);
    expect(weights[0]).toBeCloseTo(1, 6);
  });
});
