import { type InitContext, quote, RevocabError, type SourceModel, type Vocabulary } from "@revocab/core";
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
  const own = written === 0 ? [] : (await writtenTexts(context, model, written)).flatMap(passages);
  const counted = [...given, ...own];
  if (counted.length > 0) return { text: given, whole: own, counted };
  return {
    text: [],
    whole: tokensAsText(context.target.vocabulary, model.vocabulary, context.seed),
    counted,
  };
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

/**
 * Texts that the model generates: they are the nearest to what it was trained on.
 * @throws RevocabError `no_evidence` if it generates nothing; `not_finite`, `aborted`
 */
async function writtenTexts(
  { seed, job }: InitContext,
  model: SourceModel,
  tokens: number,
): Promise<string[]> {
  const onTokens = (done: number) =>
    job?.onProgress?.({ type: "progress", step: "write sample text", done, total: tokens, unit: "tokens" });
  const written = await model.writeTexts({ tokens, seed, job, onTokens }).catch((error: unknown) => {
    if (!(error instanceof RevocabError) || error.code !== "not_enough_memory") throw error;
    throw new RevocabError(error.code, error.message, { hint: WITHOUT_WRITING, cause: error });
  });
  const decoder = new TextDecoder();
  const texts = written
    .map((ids) => decoder.decode(Buffer.concat(Array.from(ids, (id) => model.vocabulary.bytesOf(id)))))
    .map((text) => text.replaceAll(NO_CHARACTER, "").trim())
    .filter((text) => text !== "");
  if (texts.length === 0) {
    throw new RevocabError(
      "no_evidence",
      "the model generates no text: every text ends with its first token",
      {
        hint: "give it a text to read (`text: FILE`), or `with: written=0`",
      },
    );
  }
  const count = written.reduce((sum, { length }) => sum + length, 0);
  const message = `the model wrote ${texts.length} texts of ${count} tokens, the first: ${quote(Array.from(texts[0]).slice(0, 60).join(""))}`;
  job?.onProgress?.({ type: "note", step: "chain-rule", message });
  return texts;
}

const WITHOUT_WRITING =
  "give a text to read (`text: FILE`), which needs no more memory; or `with: written=0`, which reads none; or more `memory`";

/** The decoder puts it for bytes that are no character. */
const NO_CHARACTER = "\uFFFD";

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
