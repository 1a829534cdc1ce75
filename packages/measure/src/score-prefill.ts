import { type Job, RevocabError, type ScoreQuery, type Vocabulary } from "@revocab/core";
import { type DynamicMerges, mergeApplier, type SegmentedText } from "@revocab/dynamic-tokenization";
import type { BeginChoice, TextTokenizer } from "@revocab/evaluation";
import { beginTokensOf } from "@revocab/evaluation/internal";
import {
  type ModelTables,
  type OpenTransformer,
  scoreTogether,
  startTokensOf,
} from "@revocab/transformer-runtime";
import type { PrefillScore } from "./dynamic-evaluation.ts";

/** How prompts are written, and the tables that read them and predict the model's own tokens. */
export interface PromptWriting {
  readonly merges: DynamicMerges;
  readonly tables: ModelTables;
}

export interface ScorePrefillOptions {
  readonly tokenizer: TextTokenizer;
  /** Documents in the model's own tokens. */
  readonly texts: readonly SegmentedText[];
  readonly writings: readonly PromptWriting[];
  /** Tokens that are read at once, in the model's own tokens. @default the model's context length */
  readonly context?: number;
  readonly bos?: BeginChoice;
  readonly job?: Job;
}

/**
 * What the second halves of documents cost, in the model's own tokens and predicted among these, after first halves that are written
 * in several ways: all in one pass through the layers.
 * @throws RevocabError `bad_options` for a masked model; `bad_text` where no document can be divided
 */
export async function scorePrefill(
  transformer: OpenTransformer,
  { tokenizer, texts, writings, context = transformer.contextLength, bos = "auto", job }: ScorePrefillOptions,
): Promise<readonly PrefillScore[]> {
  const startTokens = startTokensOf(transformer, writings[0].tables);
  const begin = beginTokensOf({ startTokens }, tokenizer, bos);
  const room = Math.min(context, transformer.contextLength) - begin.length;
  const { prompts, continuations, bytes } = divideTexts(texts, tokenizer.vocabulary, room);
  const requests = writings.map(({ tables, merges }) => {
    const written = prompts.map(mergeApplier(merges));
    const queries = written.map((prompt, i) => queryOf([...begin, ...prompt], continuations[i]));
    return { tables, queries, promptTokens: written.reduce((sum, { length }) => sum + length, 0) };
  });
  const logarithms = await scoreTogether(transformer, requests, job);
  return requests.map(({ promptTokens }, i) => {
    let bits = 0;
    for (const some of logarithms[i]) for (const logarithm of some) bits -= logarithm / Math.LN2;
    return { promptTokens, bytes, bitsPerByte: bits / bytes };
  });
}

/** Divides texts in the middle of the tokens that are read at once, at the start of a segment where there is one before it. */
function divideTexts(texts: readonly SegmentedText[], vocabulary: Vocabulary, room: number) {
  const prompts: SegmentedText[] = [];
  const continuations: Uint32Array[] = [];
  let bytes = 0;
  for (const { ids, starts } of texts) {
    const end = Math.min(ids.length, room);
    const half = Math.floor(end / 2);
    if (half === 0) continue;
    const start = starts.lastIndexOf(1, half);
    const middle = start > 0 ? start : half;
    const continuation = ids.subarray(middle, end);
    prompts.push({ ids: ids.subarray(0, middle), starts: starts.subarray(0, middle) });
    continuations.push(continuation);
    for (const id of continuation) bytes += vocabulary.bytesOf(id).length;
  }
  if (prompts.length > 0) return { prompts, continuations, bytes };
  throw new RevocabError(
    "bad_text",
    `none of ${texts.length} documents can be divided into a prompt and what follows it`,
    {
      hint: "give longer documents, or leave `prefill` out",
    },
  );
}

/** The model does not read the last token: nothing is predicted from it. */
function queryOf(prompt: readonly number[], continuation: Uint32Array): ScoreQuery {
  return {
    tokens: Uint32Array.from([...prompt, ...continuation.subarray(0, -1)]),
    positions: Uint32Array.from(continuation, (_, i) => prompt.length - 1 + i),
    targets: continuation,
  };
}
