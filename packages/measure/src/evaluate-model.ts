import type { OpenCheckpointOptions } from "@revocab/checkpoint";
import { type Job, showNotes, stages } from "@revocab/core";
import type {
  BeginChoice,
  ByteLevelScore,
  Evaluation,
  LossByToken,
  Scored,
  TextScoring,
  TextTokenizer,
} from "@revocab/evaluation";
import { type DocumentSplit, readText, type TextDocuments } from "@revocab/files";
import { type OpenModel, openModel } from "@revocab/plan";
import type { ModelTables, OpenTransformer } from "@revocab/transformer-runtime";
import type { Tokenizer } from "@revocab/vocabulary";
import { withSource } from "./encoder-source.ts";
import { lossesOf } from "./swap-losses.ts";

/** How a text is scored. Defaults are those of `readText` and `evaluateText`. */
export interface ScoringOptions {
  /** A UTF-8 file. */
  readonly text: string;
  /** The most bytes of it that are scored. @default 1_000_000 */
  readonly maxBytes?: number;
  /** Where documents end. @default "auto" */
  readonly split?: DocumentSplit;
  /** Tokens in a window. @default 512, or the model's own if that is less */
  readonly context?: number;
  /** Tokens between the starts of windows. @default context − 1 */
  readonly stride?: number;
  /** Whether the BOS stands before each document. @default "auto" */
  readonly bos?: BeginChoice;
  /** Masked models: tokens that are masked, one at a time. @default 2000 */
  readonly samples?: number;
  /** Masked models: the seed that chooses these tokens. @default 0 */
  readonly samplesSeed?: number;
  /** Encoder–decoder models: a text that the encoder reads, while the decoder predicts the text that is scored. @default "" */
  readonly source?: string;
  readonly job?: Job;
}

/** A score by bytes: summed over all ways to write the text in tokens, not only the tokenizer's own. */
export type ByteLevelSummary = Omit<ByteLevelScore, "documents">;

export type ModelEvaluation = Evaluation & {
  /** Only with the option `byteLevel`. */
  readonly byteLevel?: ByteLevelSummary;
  /** Only with the option `byToken`. */
  readonly byToken?: LossByToken;
};

/**
 * Scores the model in a folder on a text.
 * @throws RevocabError `bad_text`, `missing_file`, `context_too_long`, `unsupported_architecture`,
 *   `missing_dependency`, `not_finite`, `aborted`; what opening a model throws
 */
export async function evaluateModel(
  options: ScoringOptions &
    OpenCheckpointOptions & {
      readonly model: string;
      /** Causal models: score by bytes too. @default false */
      readonly byteLevel?: boolean;
      /** Say what each token of the text cost. @default false */
      readonly byToken?: boolean;
    },
): Promise<ModelEvaluation> {
  const text = await readText(options.text, options);
  const { openTransformer } = await import("@revocab/transformer-runtime");
  const model = await openModel(options.model, options);
  try {
    const transformer = await openTransformer(model.checkpoint, { job: options.job });
    try {
      const { byteLevel = false, byToken = false } = options;
      const { tokens, bytes } = stages(options.job, { tokens: 1, bytes: byteLevel ? 2 : 0 });
      const { readable } = model;
      const scored = await scoreTables(transformer, undefined, readable, text, {
        ...options,
        job: tokens,
      });
      const { score } = scored;
      return {
        ...score,
        notes: showNotes([...text.notes, ...score.notes]),
        ...(byToken && { byToken: await lossesOf(text.documents, { model, scored }) }),
        ...(byteLevel && {
          byteLevel: await scoreBytes(transformer, readable, text, { ...options, job: bytes }),
        }),
      };
    } finally {
      await transformer.close();
    }
  } finally {
    await model.close();
  }
}

async function scoreBytes(
  transformer: OpenTransformer,
  tokenizer: Tokenizer,
  { documents }: TextDocuments,
  { context, bos, source, job }: ScoringOptions,
): Promise<ByteLevelSummary> {
  const { byteLevelScore } = await import("@revocab/evaluation");
  const { languageModel, tablesOf } = await import("@revocab/transformer-runtime");
  const own = tablesOf(transformer.checkpoint);
  const model = languageModel(transformer, await withSource(own, transformer, tokenizer, source));
  try {
    const { documents: _, ...summary } = await byteLevelScore({
      model,
      tokenizer,
      documents,
      context,
      bos,
      job,
    });
    return summary;
  } finally {
    await model.close();
  }
}

/** Scores an open model; its weights are in memory during the call only. */
export async function scoreOpenModel(
  model: OpenModel,
  text: TextDocuments,
  options: ScoringOptions,
): Promise<Scored<Evaluation>> {
  const { openTransformer } = await import("@revocab/transformer-runtime");
  const transformer = await openTransformer(model.checkpoint, { job: options.job });
  try {
    return await scoreTables(transformer, undefined, model.readable, text, options);
  } finally {
    await transformer.close();
  }
}

/** Scores a transformer with the tables of a vocabulary. @param tables undefined: its own */
export async function scoreTables(
  transformer: OpenTransformer,
  tables: ModelTables | undefined,
  tokenizer: Tokenizer,
  text: TextDocuments,
  options: ScoringOptions,
): Promise<Scored<Evaluation>> {
  const { encode, score } = stages(options.job, { encode: 1, score: 50 });
  const scoring = await prepareTables(transformer, tables, tokenizer, text, { ...options, job: encode });
  const [scored] = await scoreAll(transformer, [scoring], score);
  return scored;
}

/** A vocabulary's tables and what they are to be asked. */
export interface TablesToScore extends TextScoring<Evaluation> {
  readonly tables: ModelTables;
}

/** The text in the tokens of a vocabulary. @param tables undefined: the transformer's own */
export async function prepareTables(
  transformer: OpenTransformer,
  tables: ModelTables | undefined,
  tokenizer: TextTokenizer,
  { documents }: TextDocuments,
  { context, stride, bos, samples, samplesSeed, source, job }: ScoringOptions,
): Promise<TablesToScore> {
  const { prepareScoring } = await import("@revocab/evaluation");
  const { startTokensOf, tablesOf } = await import("@revocab/transformer-runtime");
  const { kind, contextLength, checkpoint } = transformer;
  const own = await withSource(tables ?? tablesOf(checkpoint), transformer, tokenizer, source);
  const startTokens = startTokensOf(transformer, own);
  const scoring = await prepareScoring({
    model: { kind, contextLength, vocabularySize: own.output.rows, startTokens },
    tokenizer,
    documents,
    context,
    stride,
    bos,
    samples,
    seed: samplesSeed,
    job,
  });
  return { ...scoring, tables: own };
}

/** Scores all in one pass through the layers; each is told its share of the time. */
export async function scoreAll(
  transformer: OpenTransformer,
  scorings: readonly TablesToScore[],
  job: Job | undefined,
): Promise<Scored<Evaluation>[]> {
  const { scoredBy } = await import("@revocab/evaluation/internal");
  const { scoreTogether } = await import("@revocab/transformer-runtime");
  const started = performance.now();
  const logarithms = await scoreTogether(transformer, scorings, job);
  const seconds = (performance.now() - started) / 1000;
  const tokens = scorings.map(({ queries }) => queries.reduce((sum, query) => sum + query.tokens.length, 0));
  const all = tokens.reduce((sum, count) => sum + count, 0);
  return scorings.map((scoring, i) => scoredBy(scoring, logarithms[i], seconds * (tokens[i] / all)));
}

/** Passes events on with `label: ` before their step, for work that is done several times; a method's own step is named by its label. */
export function labelledProgress(job: Job | undefined, label: string): Job | undefined {
  if (job?.onProgress === undefined) return job;
  const [method] = label.split(":", 1);
  const stepOf = (step: string) => (step === method ? label : `${label}: ${step}`);
  return { ...job, onProgress: (event) => job.onProgress?.({ ...event, step: stepOf(event.step) }) };
}
