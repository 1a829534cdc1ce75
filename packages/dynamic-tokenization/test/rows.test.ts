import { join } from "node:path";
import { type Checkpoint, openCheckpoint } from "@revocab/checkpoint";
import {
  cachedRows,
  type DynamicMerges,
  type DynamicTokenizer,
  dynamicTables,
  dynamicTokenizer,
  hypernetworkRows,
  mergeBatch,
  methodRows,
  plannedRows,
  promptTables,
  type RowProvider,
  segmentText,
} from "@revocab/dynamic-tokenization";
import { random, subtokenMean } from "@revocab/embedding-init";
import { encodeSurfaceForms, openHypernetwork, predictRows } from "@revocab/hypernetwork";
import { mixtureRows, readMatrix, readRows, storeMatrix } from "@revocab/matrix";
import { makePlan, openModel, tokenizerOf } from "@revocab/plan";
import { failure } from "@revocab/test-support/failure";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { generate, languageModel, openTransformer, tablesOf } from "@revocab/transformer-runtime";
import { loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const HYPERNETWORK = join(SAMPLE_MODEL, "../hypernetwork");
const TEXT = "The butterfly and the grasshopper saw a butterfly.";

let checkpoint: Checkpoint;
let tokenizer: Tokenizer;
let merges: DynamicMerges;
let dynamic: DynamicTokenizer;
let ids: Uint32Array;
beforeAll(async () => {
  checkpoint = await openCheckpoint(SAMPLE_MODEL);
  tokenizer = await loadTokenizer(SAMPLE_MODEL);
  const { vocabulary } = tokenizer;
  const text = await segmentText(tokenizer, TEXT, "pretoken");
  merges = mergeBatch([text], { vocabulary, firstId: checkpoint.rows });
  dynamic = dynamicTokenizer(tokenizer, merges, "pretoken");
  ids = Uint32Array.from(merges.tokens, (_, i) => merges.firstId + i);
});
afterAll(() => checkpoint.close());

const model = () => ({ vocabulary: tokenizer.vocabulary, tables: tablesOf(checkpoint) });

const subtokenRows = () =>
  methodRows({
    method: subtokenMean({ weighting: "uniform" }),
    source: { ...tokenizer, tables: checkpoint.tables },
  });

describe("hypernetworkRows", () => {
  it("are those that the hypernetwork predicts from the bytes", async () => {
    const rows = await hypernetworkRows({ directory: HYPERNETWORK, model: model() });
    const { input } = await rows.rowsOf({ tokenizer: dynamic, tokens: ids });
    await rows.close();
    const hypernetwork = await openHypernetwork(HYPERNETWORK);
    const { formLength, padId } = hypernetwork.config;
    const { vocabulary } = hypernetwork.tokenizer;
    const forms = encodeSurfaceForms(merges.tokens, { vocabulary, formLength, padId });
    const source = { input: tablesOf(checkpoint).input };
    const expected = await predictRows({ hypernetwork, source, forms });
    await hypernetwork.close();
    expect(input).toEqual(expected.input);
  });

  it("of another model are refused before any text is read", async () => {
    const narrow = storeMatrix({ rows: 1280, columns: 64, data: new Float32Array(1280 * 64) });
    const other = { vocabulary: tokenizer.vocabulary, tables: { input: narrow, output: narrow } };
    const { code, message } = await failure(hypernetworkRows({ directory: HYPERNETWORK, model: other }));
    expect(code).toBe("shape_mismatch");
    expect(message).toMatch(
      /the model's input rows have 64 columns; the hypernetwork in .* was trained for 128/,
    );
  });
});

describe("plannedRows", () => {
  const BUTTERFLY = Buffer.from(" butterfly");

  it.each([
    ["weighted sums", subtokenMean({ weighting: "byte-length" })],
    ["dense rows", random()],
  ])("are those of the target tokens with the same bytes: %s", async (_, method) => {
    const opened = await openModel(SAMPLE_MODEL);
    const planned = await makePlan({
      model: opened,
      tokenizer: await loadTokenizer(SAMPLE_TOKENIZER),
      method,
    });
    const [target] = tokenizerOf(planned.plan.target).vocabulary.idsOf(BUTTERFLY);
    const [table] = planned.plan.tables;
    const place = table.dense.ids.indexOf(target);
    const sums = await mixtureRows({ mixture: table.mixture, source: opened.checkpoint.tables[0].matrix });
    const expected =
      place < 0
        ? sums.data.subarray(target * 128, (target + 1) * 128)
        : (await planned.rowSource.read("input", place, 1)).data;
    const source = { ...tokenizer, tables: checkpoint.tables };
    const rows = methodRows({ method: plannedRows(planned, opened), source });
    const { input } = await rows.rowsOf({ tokenizer: dynamic, tokens: dynamic.vocabulary.idsOf(BUTTERFLY) });
    const distance = Math.max(...input.data.map((value, column) => Math.abs(value - expected[column])));
    expect(distance).toBeLessThan(2 ** -8 * Math.max(...expected.map(Math.abs))); // bf16
    await planned.rowSource.close();
    await opened.close();
  });

  it("of a plan for another model are refused", async () => {
    const opened = await openModel(SAMPLE_MODEL);
    const { plan, rowSource } = await makePlan({ model: opened, tokenizer, method: random() });
    const other = { plan: { ...plan, source: { ...plan.source, fingerprint: "0".repeat(64) } }, rowSource };
    expect(() => plannedRows(other, opened)).toThrow(expect.objectContaining({ code: "apply_mismatch" }));
    await rowSource.close();
    await opened.close();
  });
});

describe("cachedRows", () => {
  it("asks once for the tokens of one spelling, and gives the same rows", async () => {
    const asked: number[][] = [];
    const rows = cachedRows(counting(asked), { tokens: 4 });
    const ask = async (tokens: readonly number[]) =>
      (await rows.rowsOf({ tokenizer: dynamic, tokens })).input.data;
    expect([...(await ask([7, 8, 7]))]).toEqual([7, 8, 7]);
    expect([...(await ask([8, 9]))]).toEqual([8, 9]);
    // more than are kept
    expect([...(await ask([10, 11, 12, 13, 14, 9]))]).toEqual([10, 11, 12, 13, 14, 9]);
    expect([...(await ask([14, 7]))]).toEqual([14, 7]);
    expect(asked).toEqual([[7, 8], [9], [10, 11, 12, 13, 14], [7]]);
  });

  it("is refused for rows that depend on the whole vocabulary", () => {
    expect(() => cachedRows({ ...counting([]), dependsOn: "vocabulary" })).toThrow(
      expect.objectContaining({ code: "bad_options" }),
    );
  });

  /** A token's row is its id. */
  function counting(asked: number[][]): RowProvider {
    return {
      dependsOn: "bytes",
      changesOwn: false,
      async rowsOf({ tokens }) {
        asked.push([...tokens]);
        return { input: { rows: tokens.length, columns: 1, data: Float32Array.from(tokens) } };
      },
      close: async () => {},
    };
  }
});

describe("dynamicTables", () => {
  it("have a method's rows after the model's own, which stay byte for byte", async () => {
    const own = tablesOf(checkpoint);
    const { input, output } = await dynamicTables({
      tables: own,
      tokenizer: dynamic,
      merges,
      rows: subtokenRows(),
    });
    expect(output).toBe(input);
    expect(input.rows).toBe(checkpoint.rows + merges.tokens.length);
    const read = async (table: typeof input, count: number) => {
      const bytes = new Uint8Array(count * 256);
      await table.readRows(0, count, bytes);
      return bytes;
    };
    expect(await read(input, checkpoint.rows)).toEqual(await read(own.input, checkpoint.rows));
    for (const [i, bytes] of merges.tokens.entries()) {
      const pieces = tokenizer.vocabulary.spell(bytes)!;
      const { data } = await readRows(own.input, pieces);
      const mean = Float32Array.from({ length: 128 }, (_, column) => {
        let sum = 0;
        for (let piece = 0; piece < pieces.length; piece++) sum += data[piece * 128 + column];
        return sum / pieces.length;
      });
      const row = (await readMatrix(input, merges.firstId + i, 1)).data;
      const distance = Math.max(...row.map((value, column) => Math.abs(value - mean[column])));
      expect(distance).toBeLessThan(2 ** -8 * Math.max(...mean.map(Math.abs))); // bf16
    }
  });

  it("read across the border of own and merged rows", async () => {
    const own = tablesOf(checkpoint);
    const { input } = await dynamicTables({ tables: own, tokenizer: dynamic, merges, rows: subtokenRows() });
    const start = checkpoint.rows - 2;
    const { data } = await readMatrix(input, start, 4);
    const single = await Promise.all(
      [0, 1, 2, 3].map(async (i) => (await readMatrix(input, start + i, 1)).data),
    );
    expect([...data]).toEqual(single.flatMap((row) => [...row]));
  });

  it("have predicted rows for the model's own tokens too, where the provider's rows go together", async () => {
    const rows = await hypernetworkRows({ directory: HYPERNETWORK, model: model() });
    const own = tablesOf(checkpoint);
    const of = { tables: own, tokenizer: dynamic, merges, rows };
    const provided = await dynamicTables(of);
    const kept = await dynamicTables({ ...of, ownRows: "kept" });
    await rows.close();
    const rowOf = async (table: typeof own.input, id: number) => [...(await readMatrix(table, id, 1)).data];
    const [word] = tokenizer.vocabulary.idsOf(Buffer.from(" the"));
    expect(await rowOf(kept.input, word)).toEqual(await rowOf(own.input, word));
    expect(await rowOf(provided.input, word)).not.toEqual(await rowOf(own.input, word));
    expect(await rowOf(provided.input, ids[0])).toEqual(await rowOf(kept.input, ids[0]));
    const bos = tokenizer.vocabulary.idOfRole("bos")!;
    expect(await rowOf(provided.input, bos)).toEqual(await rowOf(own.input, bos));
  });

  it("refuse merges that were numbered for another number of rows", async () => {
    const wrong = { ...merges, firstId: checkpoint.rows + 1 };
    const { code } = await failure(
      dynamicTables({
        tables: tablesOf(checkpoint),
        tokenizer: dynamic,
        merges: wrong,
        rows: subtokenRows(),
      }),
    );
    expect(code).toBe("shape_mismatch");
  });
});

describe("promptTables", () => {
  it("read a prompt in fewer tokens, which is continued in the model's own", async () => {
    const own = tablesOf(checkpoint);
    const grown = await dynamicTables({ tables: own, tokenizer: dynamic, merges, rows: subtokenRows() });
    const transformer = await openTransformer(checkpoint);
    const model = languageModel(transformer, promptTables(own, grown));
    const tokens = await dynamic.encode(TEXT);
    const prompt = Uint32Array.of(tokenizer.vocabulary.idOfRole("bos")!, ...tokens);
    const written = await generate({ model, tokens: prompt, maxTokens: 8 });
    await model.close();
    await transformer.close();
    expect(tokens.length).toBeLessThan((await tokenizer.encode(TEXT)).length);
    expect(model.vocabularySize).toBe(checkpoint.rows);
    expect(written.tokens).toHaveLength(8);
    expect(Math.max(...written.tokens)).toBeLessThan(merges.firstId);
  });
});
