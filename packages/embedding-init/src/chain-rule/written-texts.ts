import { type InitContext, quote, RevocabError, type RunnableModel } from "@revocab/core";

/**
 * Texts that the model writes itself: the nearest thing to what it was trained on.
 * @throws RevocabError `no_evidence` where it writes nothing; `not_finite`, `aborted`
 */
export async function writtenTexts(
  { seed, abortSignal, onProgress }: InitContext,
  model: RunnableModel,
  tokens: number,
): Promise<string[]> {
  const written = await model.writeTexts({
    tokens,
    seed,
    ...(abortSignal && { abortSignal }),
    onTokens: (done) =>
      onProgress?.({ type: "progress", step: "write sample text", done, total: tokens, unit: "tokens" }),
  });
  const decoder = new TextDecoder();
  const texts = written
    .map((ids) => decoder.decode(Buffer.concat(Array.from(ids, (id) => model.vocabulary.bytesOf(id)))))
    .map((text) => text.replaceAll(NO_CHARACTER, "").trim())
    .filter((text) => text !== "");
  if (texts.length === 0) {
    throw new RevocabError(
      "no_evidence",
      "the model writes no text by itself: every text ends as it begins",
      {
        hint: "give it a text to read (--text FILE), or written=0",
      },
    );
  }
  const count = written.reduce((sum, { length }) => sum + length, 0);
  const message = `the model wrote ${texts.length} texts of ${count} tokens, the first: ${quote(Array.from(texts[0]).slice(0, 60).join(""))}`;
  onProgress?.({ type: "note", step: "chain-rule", message });
  return texts;
}

/** What bytes that are no character are decoded as. */
const NO_CHARACTER = "\uFFFD";
