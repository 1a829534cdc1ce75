import type { OpenCheckpointOptions } from "@revocab/checkpoint";
import { type Job, RevocabError, showText, type TokenId } from "@revocab/core";
import type { ShortlistMass } from "@revocab/large-vocabulary";
import { type OpenModel, openModel } from "@revocab/plan";
import { textLimits } from "@revocab/plan/internal";
import type { Generated, OpenTransformer, TextContinuer } from "@revocab/transformer-runtime";
import { displayToken, type Tokenizer } from "@revocab/vocabulary";
import { framing, withSource } from "./encoder-source.ts";

export interface GenerateTextOptions extends OpenCheckpointOptions {
  /** Model folder. */
  readonly model: string;
  /**
   * The text to continue. The tokenizer adds its special tokens, as AutoTokenizer does; those that end a text are left out where the
   * model has an encoder, whose decoder begins with a token of its own.
   */
  readonly prompt: string;
  /** Encoder–decoder models: what the encoder reads. @default "" */
  readonly source?: string;
  /** The folder of a large vocabulary for the model, which the text is read and written in. @default the model's own vocabulary */
  readonly dynamic?: string;
  /** With `dynamic`: how many of the most probable tokens get logits, so that one of them can be drawn. @default 256 */
  readonly shortlist?: number;
  /** With `dynamic`: look at all rows for each token, so that none of the most probable ones is missed. @default false */
  readonly exact?: boolean;
  /** @default 60 */
  readonly maxTokens?: number;
  /** @default 0: always the most probable token */
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  /** @default 0 */
  readonly seed?: number;
  readonly job?: Job;
  /** Called with each new part of the text; the first part is the prompt and the first token. */
  readonly onText?: (text: string) => void;
}

export interface GeneratedText {
  /** The prompt and its continuation. */
  readonly text: string;
  readonly tokens: readonly number[];
  readonly endedBy: Generated["endedBy"];
  readonly seconds: number;
  readonly tokensPerSecond: number;
  /** With `dynamic`: the share of the probability that the shortlists had. */
  readonly shortlist?: ShortlistMass;
  readonly notes: readonly string[];
}

/**
 * Continues a text with the model in a folder. The same seed gives the same text.
 * @throws RevocabError as `openTransformer` and `generate` do; `bad_options` for `shortlist` or `exact` without `dynamic`; `bad_text` for
 *   a prompt without tokens; `context_too_long`; with `dynamic` as `openLargeVocabulary` does, and `apply_mismatch` for a vocabulary of another model
 */
export async function generateText(options: GenerateTextOptions): Promise<GeneratedText> {
  requireDynamic(options);
  const opened = await openModel(options.model, options);
  try {
    const { openTransformer } = await import("@revocab/transformer-runtime");
    const transformer = await openTransformer(opened.checkpoint, { job: options.job });
    try {
      transformer.requireWhole();
      const reader = await openReader(opened, transformer, options);
      try {
        return await continueText(reader, transformer, options);
      } finally {
        await reader.close();
      }
    } finally {
      await transformer.close();
    }
  } finally {
    await opened.close();
  }
}

function requireDynamic({ dynamic, shortlist, exact }: GenerateTextOptions): void {
  if (dynamic !== undefined) return;
  const lonely = shortlist !== undefined ? "`shortlist`" : exact ? "`exact`" : undefined;
  if (lonely === undefined) return;
  throw new RevocabError(
    "bad_options",
    `${lonely} was given without \`dynamic\`, but the model's own vocabulary has no shortlists`,
    { hint: `give a folder that \`writeLargeVocabulary\` wrote as \`dynamic\`, or leave ${lonely} out` },
  );
}

/** What a text is read and written with. */
interface TextReader {
  readonly model: TextContinuer;
  readonly tokenizer: Tokenizer;
  readonly encode: (text: string) => Promise<Uint32Array>;
  /** What every text begins with. */
  readonly startTokens: readonly TokenId[];
  readonly mass?: () => ShortlistMass;
  close(): Promise<void>;
}

async function openReader(
  opened: OpenModel,
  transformer: OpenTransformer,
  { dynamic, shortlist, exact, source, job }: GenerateTextOptions,
): Promise<TextReader> {
  const { languageModel, tablesOf, startTokensOf } = await import("@revocab/transformer-runtime");
  const own = tablesOf(opened.checkpoint);
  if (dynamic === undefined) {
    const tables = await withSource(own, transformer, opened.readable, source);
    const model = languageModel(transformer, tables);
    const { startTokens = [], close } = model;
    const { readable } = opened;
    return { model, tokenizer: readable, encode: readable.encode, startTokens, close };
  }
  const large = await import("@revocab/large-vocabulary");
  const vocabulary = await large.openLargeVocabulary(dynamic, { job });
  try {
    const { tokenizer } = vocabulary;
    const { name, tokenizer: original } = opened;
    await large.requireModel(vocabulary, { name, vocabulary: original.vocabulary, tables: own });
    const tables = await withSource(vocabulary.tables, transformer, tokenizer, source);
    const model = await large.openShortlistModel({
      transformer,
      vocabulary: { ...vocabulary, tables },
      shortlist,
      share: exact ? 1 : undefined,
      isAllowed: textLimits(tokenizer.vocabulary).isAllowed,
      job,
    });
    return {
      model,
      tokenizer,
      encode: large.longestPrefixEncoder(tokenizer),
      startTokens: startTokensOf(transformer, tables),
      mass: model.mass,
      async close() {
        await Promise.all([model.close(), vocabulary.close()]);
      },
    };
  } catch (error) {
    await vocabulary.close();
    throw error;
  }
}

async function continueText(
  { model, tokenizer, encode, startTokens, mass }: TextReader,
  { description }: OpenTransformer,
  { prompt, onText, job, ...options }: GenerateTextOptions,
): Promise<GeneratedText> {
  const { generate } = await import("@revocab/transformer-runtime");
  const { vocabulary } = tokenizer;
  const { before, after: ending } = framing(tokenizer);
  const after = description.encoder === undefined ? ending : [];
  const pieces = await encode(prompt);
  const tokens = Uint32Array.from([...startTokens, ...before, ...pieces, ...after]);
  if (tokens.length === 0) {
    throw new RevocabError("bad_text", "the prompt is empty, and the tokenizer puts no token before a text", {
      hint: "give some text to continue",
    });
  }
  if (tokens.length > model.contextLength) {
    throw new RevocabError(
      "context_too_long",
      `the prompt has ${tokens.length} tokens, but the model was made for ${model.contextLength}`,
      { hint: "give a shorter prompt" },
    );
  }
  const decoder = new TextDecoder(); // a token may be a part of a character
  let text: string | undefined;
  // print nothing, not even the prompt, if generation fails before the first token
  const grow = (more: string) => {
    const next = text === undefined ? prompt + more : more;
    text = (text ?? "") + next;
    if (next !== "") onText?.(next);
  };
  const { ends: stop, isAllowed } = textLimits(vocabulary);
  const started = performance.now();
  const generated = await generate({
    ...options,
    model,
    tokens,
    stop,
    isAllowed,
    job,
    onToken: (token) => grow(decoder.decode(vocabulary.bytesOf(token), { stream: true })),
  });
  const seconds = (performance.now() - started) / 1000;
  grow(decoder.decode());
  return {
    text: text ?? prompt,
    tokens: [...generated.tokens],
    endedBy: generated.endedBy,
    seconds,
    tokensPerSecond: generated.tokens.length / seconds,
    ...(mass && { shortlist: mass() }),
    notes: [
      ...(after.length === 0
        ? []
        : [
            `the tokenizer ends every text with ${showText(after.map((id) => displayToken(vocabulary, id)).join(""))}, the prompt too: ` +
              "the model goes on after the end of a text",
          ]),
      ...(generated.endedBy === "context"
        ? [`the model's context of ${model.contextLength} tokens is full`]
        : []),
      ...(mass === undefined ? [] : [noteOfMass(mass())]),
    ],
  };
}

function noteOfMass({ mean, least }: ShortlistMass): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return `the shortlists had ${percent(mean)} of the probability on average, and ${percent(least)} at least`;
}
