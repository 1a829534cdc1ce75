import { join } from "node:path";
import { catalog } from "../../../apps/revocab/dist/catalog.js";
import { methodCandidates } from "../../../packages/embedding-init/dist/index.js";
import { bitsPerByteOf } from "../../../packages/evaluation/dist/index.js";
import { readText } from "../../../packages/files/dist/index.js";
// what compareMethods is made of: it would also hide rows and guess them, which trains and aligns all over again
import { evaluateTables } from "../../../packages/measure/dist/evaluate-model.js";
import { fitTokenizer, makePlan, openModel, summarizePlan } from "../../../packages/plan/dist/index.js";
import { tablesInMemory } from "../../../packages/plan/dist/internal.js";
import { openTransformer } from "../../../packages/transformer-runtime/dist/index.js";
import { loadTokenizer } from "../../../packages/vocabulary/dist/index.js";

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

  const score = async (tables, by) => {
    const started = performance.now();
    const evaluation = await evaluateTables(transformer, tables, by, documents, { text });
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

  return {
    scoreSource: () => score(undefined, model.tokenizer),
    scoreCounts: (sample) => scoreCounts(sample, tokenizer, split, documents),
    async scoreMethod({ method: name, options, wrap }) {
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
      const tables = await tablesInMemory(planned, model);
      await planned.rowSource.close();
      const rowSeconds = secondsSince(started);
      const { recipe, tables: counted, notes } = summarizePlan(planned.plan);
      return {
        ...(await score(tables, tokenizer)),
        rowSeconds,
        recipe: recipe.methods,
        origins: Object.fromEntries(counted.map(({ slot, origins }) => [slot, origins])),
        notes,
      };
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

function secondsSince(started) {
  return (performance.now() - started) / 1000;
}
