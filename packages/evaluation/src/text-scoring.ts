import { type Job, type LanguageModel, RevocabError, type ScoreQuery } from "@revocab/core";
import {
  type AskedText,
  type DocumentLosses,
  documentLosses,
  type TextPlace,
} from "./losses/document-losses.ts";

/** What of a model decides what it can be asked. */
export type ModelShape = Pick<LanguageModel, "kind" | "contextLength" | "vocabularySize" | "startTokens">;

/** A text made ready for a model: what to ask, and the score as a function of the answers. */
export interface TextScoring<Score> extends AskedText {
  /**
   * @param logarithms for each query what `LanguageModel.score` gives
   * @param seconds time in the model
   * @throws RevocabError `not_finite`, `shape_mismatch`
   */
  scoreOf(logarithms: readonly Float32Array[], seconds: number): Score;
}

/** The score of a text, and what its tokens cost. */
export interface Scored<Score> {
  readonly score: Score;
  /** In the order of the documents. */
  readonly losses: readonly DocumentLosses[];
}

/** Asks the model, all at once. */
export async function askModel<Score>(
  scoring: TextScoring<Score>,
  model: Pick<LanguageModel, "score">,
  job: Job | undefined,
): Promise<Scored<Score>> {
  const started = performance.now();
  const logarithms = await model.score(scoring.queries, job);
  return scoredBy(scoring, logarithms, (performance.now() - started) / 1000);
}

/** What the answers of a model say of a text. */
export function scoredBy<Score>(
  scoring: TextScoring<Score>,
  logarithms: readonly Float32Array[],
  seconds: number,
): Scored<Score> {
  return { score: scoring.scoreOf(logarithms, seconds), losses: documentLosses(scoring, logarithms) };
}

/** Σ −log2 P of all that was asked. @param places of the queries, for messages */
export function bitsOf(
  queries: readonly ScoreQuery[],
  logarithms: readonly Float32Array[],
  places: readonly TextPlace[],
): number {
  let bits = 0;
  for (const [index, query] of queries.entries()) {
    checkFinite(places[index].document, query, logarithms[index]);
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
