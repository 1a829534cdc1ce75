import { type Job, type LanguageModel, RevocabError, type ScoreQuery, throwIfAborted } from "@revocab/core";

/** Something to score: its sizes are known before its query is built. */
export interface Scored {
  /** Index of its document, for messages. */
  readonly document: number;
  /** Tokens the model is given. */
  readonly inputs: number;
  /** Tokens to score. */
  readonly targets: number;
}

/**
 * Scores any number of queries, about 8,192 tokens a call, the longest first. Queries of equal length then need no padding, and
 * a model that is too large for the memory fails at once.
 * @param onLogarithms gets the natural logarithms of each query's probabilities
 * @throws RevocabError `not_finite`, `aborted`, and what the model throws
 */
export async function scoreInChunks<T extends Scored>({
  model,
  items,
  queryOf,
  onLogarithms,
  job,
}: {
  readonly model: LanguageModel;
  readonly items: readonly T[];
  readonly queryOf: (item: T) => ScoreQuery;
  readonly onLogarithms: (item: T, logarithms: Float32Array) => void;
  readonly job?: Job;
}): Promise<void> {
  const total = items.reduce((sum, { targets }) => sum + targets, 0);
  let done = 0;
  for (const chunk of chunksOf([...items].sort((a, b) => b.inputs - a.inputs))) {
    throwIfAborted(job?.abortSignal);
    const queries = chunk.map(queryOf);
    const scores = await model.score(queries, job);
    chunk.forEach((item, index) => {
      checkFinite(item, queries[index], scores[index]);
      onLogarithms(item, scores[index]);
      done += item.targets;
    });
    job?.onProgress?.({ type: "progress", step: "score", done, total, unit: "tokens" });
  }
}

const CHUNK_TOKENS = 8192;

function* chunksOf<T extends Scored>(items: readonly T[]): Generator<T[]> {
  let chunk: T[] = [];
  let tokens = 0;
  for (const item of items) {
    if (chunk.length > 0 && tokens + item.inputs > CHUNK_TOKENS) {
      yield chunk;
      chunk = [];
      tokens = 0;
    }
    chunk.push(item);
    tokens += item.inputs;
  }
  if (chunk.length > 0) yield chunk;
}

/** One NaN or infinity would spoil the whole sum, and the sum would not show which token it came from. */
function checkFinite(
  { document }: Scored,
  { targets, positions }: ScoreQuery,
  logarithms: Float32Array,
): void {
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
export function checkContext(context: number, least: number, { contextLength }: LanguageModel): void {
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
