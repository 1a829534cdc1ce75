import { type Job, type LanguageModel, RevocabError, type ScoreQuery } from "@revocab/core";

/** What of a model decides what it can be asked. */
export type ModelShape = Pick<LanguageModel, "kind" | "contextLength" | "vocabularySize" | "startTokens">;

/** A text made ready for a model: what to ask, and the score as a function of the answers. */
export interface TextScoring<Score> {
  readonly queries: readonly ScoreQuery[];
  /**
   * @param logarithms for each query what `LanguageModel.score` gives
   * @param seconds time in the model
   * @throws RevocabError `not_finite`, `shape_mismatch`
   */
  scoreOf(logarithms: readonly Float32Array[], seconds: number): Score;
}

/** Asks the model, all at once. */
export async function askModel<Score>(
  { queries, scoreOf }: TextScoring<Score>,
  model: Pick<LanguageModel, "score">,
  job: Job | undefined,
): Promise<Score> {
  const started = performance.now();
  const logarithms = await model.score(queries, job);
  return scoreOf(logarithms, (performance.now() - started) / 1000);
}

/**
 * Σ −log2 P of all that was asked.
 * @param documentOf the index of a query's document, for messages
 */
export function bitsOf(
  queries: readonly ScoreQuery[],
  logarithms: readonly Float32Array[],
  documentOf: (query: number) => number,
): number {
  let bits = 0;
  for (const [index, query] of queries.entries()) {
    checkFinite(documentOf(index), query, logarithms[index]);
    for (const logarithm of logarithms[index]) bits -= logarithm / Math.LN2;
  }
  return bits;
}

/** One NaN or infinity would spoil the whole sum, and the sum would not show which token it came from. */
function checkFinite(document: number, { targets, positions }: ScoreQuery, logarithms: Float32Array): void {
  if (logarithms.length !== positions.length) {
    throw new RevocabError(
      "shape_mismatch",
      `the model gave ${logarithms.length} scores for ${positions.length} tokens`,
    );
  }
  const wrong = logarithms.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return;
  throw new RevocabError(
    "not_finite",
    `the model gives the token with id ${targets[wrong]} in document ${document + 1} the log-probability ${logarithms[wrong]}, expected a finite number`,
    { hint: "look for NaN, infinity or very large values in the model's weights" },
  );
}

/** @throws RevocabError `context_too_long` beyond the model's context length, `bad_options` below `least` */
export function checkContext(context: number, least: number, { contextLength }: ModelShape): void {
  if (Number.isInteger(context) && context >= least && context <= contextLength) return;
  throw new RevocabError(
    context > contextLength ? "context_too_long" : "bad_options",
    `the context is ${context} tokens, expected a whole number between ${least} and the model's ${contextLength}`,
    { hint: "leave the context out for the longest that is useful, or choose a shorter one" },
  );
}

/** Concatenates sequences; a spread call would overflow the stack at some 100,000 tokens. */
export function joinTokens(...parts: readonly ArrayLike<number>[]): Uint32Array {
  const joined = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
