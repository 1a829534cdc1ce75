import { type Job, quote, RevocabError, type SourceModel } from "@revocab/core";

export interface WrittenTextsOptions {
  /** About how many source tokens. */
  readonly tokens: number;
  readonly seed: number;
  /** What to do instead where the model writes nothing, and where it cannot be in memory whole. */
  readonly hints: { readonly withoutText: string; readonly withoutMemory: string };
  /** What the texts are for, in messages. */
  readonly step: string;
  readonly job?: Job;
}

/**
 * Texts that the model generates: they are the nearest to what it was trained on.
 * @throws RevocabError `no_evidence` if it generates nothing; `not_enough_memory`, `not_finite`, `aborted`
 */
export async function writtenTexts(
  model: SourceModel,
  { tokens, seed, hints, step, job }: WrittenTextsOptions,
): Promise<string[]> {
  const onTokens = (done: number) =>
    job?.onProgress?.({ type: "progress", step: "write sample text", done, total: tokens, unit: "tokens" });
  const written = await model.writeTexts({ tokens, seed, job, onTokens }).catch((error: unknown) => {
    if (!(error instanceof RevocabError) || error.code !== "not_enough_memory") throw error;
    throw new RevocabError(error.code, error.message, { hint: hints.withoutMemory, cause: error });
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
      { hint: hints.withoutText },
    );
  }
  const count = written.reduce((sum, { length }) => sum + length, 0);
  const message = `the model wrote ${texts.length} texts of ${count} tokens, the first: ${quote(Array.from(texts[0]).slice(0, 60).join(""))}`;
  job?.onProgress?.({ type: "note", step, message });
  return texts;
}

/** The decoder puts it for bytes that are no character. */
const NO_CHARACTER = "\uFFFD";
