import { type Job, RevocabError, stages, type TokenId } from "@revocab/core";
import { methodsOf } from "@revocab/embedding-init";
import { openLargeVocabulary, type VocabularyFacts } from "@revocab/large-vocabulary";
import { measureShares, saveFacts, saveLargeVocabulary } from "@revocab/large-vocabulary/internal";
import { requireQuantizedRows } from "@revocab/matrix/internal";
import { candidatesOf } from "@revocab/measure/internal";
import { makePlan, type OpenModel, type PlanSummary, summarizePlan } from "@revocab/plan";
import { produceTables, withDonor } from "@revocab/plan/internal";
import { openTransformer, tablesOf } from "@revocab/transformer-runtime";
import { fingerprint } from "@revocab/vocabulary";
import { checkOutputPlace, namingOutput, type OutputPlace, stageOutput } from "../swap/stage-output.ts";
import { type PlanSwapOptions, type WithDonor, withModel } from "../swap/swap-tokenizer.ts";
import { type PlanEditOptions, prepareEdit } from "./plan-edit.ts";
import type { CorpusFile } from "./read-corpus.ts";

export interface WriteLargeVocabularyOptions
  extends Pick<
      PlanEditOptions,
      "method" | "fallback" | "seed" | "vocabularyTensors" | "ignoreTensors" | "donor" | "donorWeights"
    >,
    Pick<PlanSwapOptions, "model">,
    Omit<OutputPlace, "inputs"> {
  /** The text whose frequent pieces become tokens: lines, each of which is read again for each use. */
  readonly corpus: CorpusFile;
  /** How many tokens the vocabulary has in the end, with those of the model. */
  readonly size: number;
  /** A pair must occur this often in the corpus to become a token. @default 2 */
  readonly minimumCount?: number;
  /** Clusters of the index. @default none up to 100,000 rows, then about 4 · √V */
  readonly clusters?: number;
  readonly job?: Job;
}

/** What was written. */
export interface LargeVocabularyReport extends VocabularyFacts {
  /** What the plan of the rows says: methods, origins, notes. */
  readonly plan: PlanSummary;
  /** Tokens that were learned, by their ids. */
  readonly learned: readonly { readonly id: TokenId; readonly token: string }[];
}

/**
 * Continues the merges of a model's tokenizer on a text until it has `size` tokens, initializes rows for the new ones, and writes
 * tokenizer, rows and an index over those of the head to a folder beside the model, which stays as it is. Old tokens keep their ids
 * and rows. How much of the index must be looked at for a token is measured on hidden states of the text.
 * @throws RevocabError `bad_options` for a size below that of the model's vocabulary; `unsupported_checkpoint` for a
 *   model without a head; `not_enough_memory` for an index beyond 3.75 GiB, a byte a value of the head's rows; `bad_text` for a text with too few pieces;
 *   `output_exists`; what the edit, the methods and the model throw
 *
 * @example
 * await writeLargeVocabulary({ model: "./model", corpus: readCorpus("corpus.txt"), size: 1_000_000, method: subtokenMean(), out: "./big" });
 */
export async function writeLargeVocabulary(
  options: WriteLargeVocabularyOptions,
): Promise<LargeVocabularyReport> {
  const { model: path, corpus, out, force } = options;
  const inputs = [path, corpus.path];
  await checkOutputPlace({ out, inputs, force });
  return withModel(options, (model) =>
    withDonor(options, (donor) => writeFor(model, inputs, { ...options, donor })),
  );
}

async function writeFor(
  model: OpenModel,
  inputs: readonly string[],
  options: WithDonor<WriteLargeVocabularyOptions>,
): Promise<LargeVocabularyReport> {
  const { corpus, size, minimumCount, clusters, seed, out, force, job } = options;
  const { learn, plan, save, measure } = stages(job, { learn: 2, plan: 4, save: 4, measure: 1 });
  const count = size - model.tokenizer.vocabulary.size;
  if (!Number.isSafeInteger(size) || count < 1) {
    throw new RevocabError(
      "bad_options",
      `\`size\` is ${size}, but ${model.name} has ${model.tokenizer.vocabulary.size} tokens already`,
      { hint: "give the number of all tokens, old ones included: more than the model has" },
    );
  }
  const { rows, columns } = tablesOf(model.checkpoint).output;
  requireQuantizedRows({ rows: Math.max(size, rows), columns, ranges: clusters });
  const { planOptions, edited } = await prepareEdit(model, {
    ...options,
    untie: model.checkpoint.tied && hasRowsByRole(options),
    learn: { corpus, count, minimumCount },
    job: learn,
  });
  const planned = await makePlan({ ...planOptions, job: plan });
  const output = await stageOutput({ out, inputs, force });
  try {
    const summary = summarizePlan(planned.plan);
    const produced = await produceTables(planned, model, { place: "file", job: save });
    try {
      const facts = await saveLargeVocabulary(output.directory, {
        tokenizer: edited.tokenizer,
        tables: produced.tables,
        source: {
          name: model.name,
          rows: model.checkpoint.rows,
          fingerprint: fingerprint(model.tokenizer.vocabulary),
        },
        added: edited.added.length,
        methods: [...new Set(summary.tables.flatMap(({ origins }) => Object.keys(origins)))],
        clusters,
        seed,
        job: save,
      });
      const index = await measured(model, output.directory, corpus, measure);
      await saveFacts(output.directory, { ...facts, index });
      await output.commit();
      return {
        ...facts,
        index,
        plan: summary,
        learned: edited.added.map(({ id, token }) => ({ id, token })),
      };
    } finally {
      await produced.close();
    }
  } catch (error) {
    throw namingOutput(out, output.directory, error);
  } finally {
    await planned.rowSource.close();
    await output.discard();
  }
}

/** Whether some row differs between input and head: then the head gets rows of its own here, also where the model is tied. */
function hasRowsByRole({
  method,
  fallback,
}: Pick<WriteLargeVocabularyOptions, "method" | "fallback">): boolean {
  const methods = [...candidatesOf(method), ...(fallback ? [fallback] : [])].flatMap(methodsOf);
  return methods.some(({ differsByRole }) => differsByRole !== false);
}

/** Opens what was written, as a reader does, and measures how much of its index must be looked at. */
async function measured(
  model: OpenModel,
  directory: string,
  corpus: CorpusFile,
  job: Job | undefined,
): Promise<VocabularyFacts["index"]> {
  const vocabulary = await openLargeVocabulary(directory, { job });
  try {
    if (vocabulary.index.clusters === undefined) return vocabulary.facts.index;
    const transformer = await openTransformer(model.checkpoint, { job });
    try {
      return await measureShares({ transformer, vocabulary, texts: await someLines(corpus), job });
    } finally {
      await transformer.close();
    }
  } finally {
    await vocabulary.close();
  }
}

/** Lines from the whole of the corpus, as far apart from each other as all. */
async function someLines(corpus: CorpusFile): Promise<readonly string[]> {
  const lines: string[] = [];
  let step = 1;
  let next = 0;
  for await (const line of corpus) {
    if (next++ % step !== 0) continue;
    lines.push(line);
    if (lines.length < 2 * LINES) continue;
    step *= 2;
    for (let i = 0; i < LINES; i++) lines[i] = lines[2 * i];
    lines.length = LINES;
  }
  return lines;
}

const LINES = 64;
