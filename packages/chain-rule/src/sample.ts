import type { InitContext, SourceModel, Vocabulary } from "@revocab/core";
import { writtenTexts } from "@revocab/embedding-init/internal";
import { passages, readText } from "@revocab/files";
import { randomStream } from "@revocab/matrix";

/** The texts that the model is run on, and those in which tokens are counted. */
export interface Sample {
  /** Passages that fit into a context; the model is run on as many of them as the option `states` allows. */
  readonly text: readonly string[];
  /** Passages that the model is run on in any case. */
  readonly whole: readonly string[];
  /** Empty without any text. */
  readonly counted: readonly string[];
}

export interface SampleOptions {
  /** A UTF-8 file. */
  readonly text: string | undefined;
  /** Source tokens of texts that the model generates. */
  readonly written: number;
}

/**
 * The given text, texts that the model generates, or both; with neither, target tokens in random order.
 * @throws RevocabError `missing_file`, `bad_text`, `bad_options`, `no_evidence`, `not_finite`, `aborted`
 */
export async function readSample(
  context: InitContext,
  model: SourceModel,
  { text, written }: SampleOptions,
): Promise<Sample> {
  const given = text === undefined ? [] : await passagesOf(text, context);
  const own = written === 0 ? [] : (await ownTexts(context, model, written)).flatMap(passages);
  const counted = [...given, ...own];
  if (counted.length > 0) return { text: given, whole: own, counted };
  return {
    text: [],
    whole: tokensAsText(context.target.vocabulary, model.vocabulary, context.seed),
    counted,
  };
}

function ownTexts({ seed, job }: InitContext, model: SourceModel, tokens: number): Promise<string[]> {
  const hints = { withoutText: WITHOUT_TEXT, withoutMemory: WITHOUT_MEMORY };
  return writtenTexts(model, { tokens, seed, hints, step: "chain-rule", job });
}

async function passagesOf(path: string, { job }: InitContext): Promise<string[]> {
  const { documents, notes } = await readText(path, {
    maxBytes: COUNTED_BYTES,
    job,
  });
  for (const message of notes) job?.onProgress?.({ type: "note", step: "chain-rule", message });
  return documents.flatMap(passages);
}

/** Tokens are counted in at most so much of a text. */
const COUNTED_BYTES = 4_000_000;

const WITHOUT_TEXT = "give it a text to read (`text: FILE`), or `with: written=0`";
const WITHOUT_MEMORY =
  "give a text to read (`text: FILE`), which needs no more memory; or `with: written=0`, which reads none; or more `memory`";

/** Passages of target tokens in random order. */
function tokensAsText(target: Vocabulary, source: Vocabulary, seed: number): string[] {
  const words: string[] = [];
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let token = 0; token < target.size; token++) {
    if (target.kindOf(token) !== "text" || source.spell(target.bytesOf(token)) === undefined) continue;
    try {
      words.push(decoder.decode(target.bytesOf(token)));
    } catch {
      // part of a character: no text by itself
    }
  }
  const stream = randomStream(seed, 0);
  return Array.from({ length: words.length === 0 ? 0 : RANDOM_PASSAGES }, () =>
    Array.from({ length: RANDOM_WORDS }, () => words[Math.floor(stream.uniform() * words.length)]).join(""),
  );
}

/** About 8,000 source tokens: u needs no more. */
const RANDOM_PASSAGES = 80;
const RANDOM_WORDS = 30;
