import { join } from "node:path";
import { catalog } from "../../../apps/revocab/dist/catalog.js";
import { methodCandidates } from "../../../packages/embedding-init/dist/index.js";
import { bitsPerByteOf } from "../../../packages/evaluation/dist/index.js";
import { readText } from "../../../packages/files/dist/index.js";
import { replacedRows, storeMatrix } from "../../../packages/matrix/dist/index.js";
// what compareMethods is made of: it would also hide rows and guess them, which trains and aligns all over again
import { evaluateTables } from "../../../packages/measure/dist/evaluate-model.js";
import { fitTokenizer, makePlan, openModel, summarizePlan } from "../../../packages/plan/dist/index.js";
import { produceTables } from "../../../packages/plan/dist/internal.js";
import { trainRows } from "../../../packages/rows-training/dist/index.js";
import { prepareText } from "../../../packages/rows-training/dist/training-text.js";
import { openTransformer } from "../../../packages/transformer-runtime/dist/index.js";
import { loadTokenizer } from "../../../packages/vocabulary/dist/index.js";
import { bitsByOccurrences, countOccurrences } from "./bits-by-occurrences.mjs";

const METHODS = await catalog();

/** A model with its layers in memory, a tokenizer, and the text that both are scored on. */
export async function openPair(
  { model: folder, tokenizer: path, split, untie },
  { data, text, maxBytes, seed, threads },
) {
  const documents = await readText(text, { maxBytes, split });
  const model = await openModel(join(data, "models", folder));
  const given = await loadTokenizer(join(data, "tokenizers", path), { reading: "file" });
  const { tokenizer, fitting } = await fitTokenizer(given, model.tokenizer);
  const transformer = await openTransformer(model.checkpoint, { job: { threads } });

  const score = async (tables, by, scored = documents) => {
    const started = performance.now();
    const evaluation = await evaluateTables(transformer, tables, by, scored, { text });
    return {
      bitsPerByte: bitsPerByteOf(evaluation),
      bytesPerToken: evaluation.bytesPerToken,
      tokens: evaluation.tokens,
      bytes: evaluation.bytes,
      context: evaluation.context,
      unknownTokens: evaluation.unknownTokens.count,
      scoringSeconds: secondsSince(started),
    };
  };

  async function rowsOf({ method: name, options, wrap }) {
    const started = performance.now();
    const [{ method }] = methodCandidates([name], options, METHODS).candidates;
    const planned = await makePlan({
      model,
      tokenizer,
      fitting,
      method: wrap(method),
      seed,
      untie,
      job: { threads },
      transformer,
    });
    const { tables } = await produceTables(planned, model, { place: "memory" });
    await planned.rowSource.close();
    return { planned, tables, rowSeconds: secondsSince(started) };
  }

  /** Of the part of a text that `trainRows` trains on. */
  async function occurrencesIn(read, size) {
    const { kind, contextLength } = transformer;
    const shape = { kind, contextLength, vocabularySize: size };
    const text = await prepareText({ model: shape, tokenizer, documents: read, heldOut: 0.05, seed });
    return countOccurrences(text.queries, size);
  }

  return {
    scoreSource: () => score(undefined, model.tokenizer),
    scoreCounts: (sample) => scoreCounts(sample, tokenizer, split, documents),
    async scoreMethod(method) {
      const { planned, tables, rowSeconds } = await rowsOf(method);
      const { recipe, tables: counted, notes } = summarizePlan(planned.plan);
      return {
        ...(await score(tables, tokenizer)),
        rowSeconds,
        recipe: recipe.methods,
        origins: Object.fromEntries(counted.map(({ slot, origins }) => [slot, origins])),
        notes,
      };
    },
    /**
     * Bits per byte of the text, and of others, after each budget of training on the sample, and the bits of their tokens by how often
     * the sample has them.
     * @param totals seconds in all, what the rows cost included
     * @param steps in place of `totals`: steps of training
     * @param training options of `trainRows`: `learn`, `batchTokens`
     */
    async healMethod(method, { sample, totals, steps, training, others = [] }) {
      const { tables, rowSeconds } = await rowsOf(method);
      const { documents: read } = await readText(sample, { maxBytes: 2 ** 25, split });
      const occurrences = await occurrencesIn(read, tables.output.rows);
      const scores = async (some) => {
        const own = await score(some, tokenizer);
        const besides = [];
        for (const other of others) besides.push((await score(some, tokenizer, other)).bitsPerByte);
        const groups = [];
        for (const { documents: scored } of [documents, ...others])
          groups.push(await bitsByOccurrences(transformer, some, tokenizer, scored, occurrences));
        return { bitsPerByte: own.bitsPerByte, others: besides, byOccurrences: groups };
      };
      const points = [{ seconds: rowSeconds, ...(await scores(tables)) }];
      const budgets =
        steps?.map((count) => ({ kind: "steps", steps: count })) ??
        totals
          .map((total) => ({ kind: "time", seconds: total - rowSeconds }))
          .filter(({ seconds }) => seconds > 0);
      for (const budget of budgets) {
        const job = { threads };
        const trained = await trainRows({
          transformer,
          tables,
          tokenizer,
          documents: read,
          budget,
          ...training,
          seed,
          job,
        });
        const { seconds, steps: made, tokens } = trained.report;
        const total = rowSeconds + (budget.kind === "time" ? budget.seconds : seconds);
        points.push({ seconds: total, steps: made, tokens, ...(await scores(withRows(tables, trained))) });
      }
      return { rowSeconds, points };
    },
    async close() {
      await transformer.close();
      await model.close();
    },
  };
}

/** What the counts of the sample say of the text, with no model: a swapped model that scores worse has nothing to say yet. */
async function scoreCounts(sample, { encode, vocabulary }, split, { documents, bytes }) {
  const counts = new Float64Array(vocabulary.size).fill(0.1);
  const { documents: known } = await readText(sample, { maxBytes: 2 ** 24, split });
  for (const document of known) for (const id of await encode(document)) counts[id]++;
  const sum = counts.reduce((total, count) => total + count, 0);
  let bits = 0;
  for (const document of documents)
    for (const id of await encode(document)) bits -= Math.log2(counts[id] / sum);
  return { bitsPerByte: bits / bytes };
}

/** Tables with rows in the place of theirs. */
function withRows({ input, output, ...rest }, { tables: trained }) {
  const changed = (matrix, slot) => {
    const found = trained.get(slot);
    if (found === undefined) return matrix;
    return replacedRows(matrix, found.ids, storeMatrix(found.rows, matrix.dtype));
  };
  const newInput = changed(input, "input");
  return { ...rest, input: newInput, output: output === input ? newInput : changed(output, "output") };
}

function secondsSince(started) {
  return (performance.now() - started) / 1000;
}
