import {
  type FinalStates,
  type Job,
  type LanguageModel,
  type PositionQuery,
  type Reading,
  RevocabError,
  type ScoreQuery,
} from "@revocab/core";
import { inputWidth } from "./description.ts";
import { type Head, type ModelTables, openHead, tablesOf } from "./head.ts";
import type { OpenTransformer } from "./open-transformer.ts";
import { RowCache } from "./row-cache.ts";
import { checkQueries, notFinite } from "./run/read-queries.ts";
import type { BodyCache } from "./run/text-grower.ts";

/** Layers with the tables of a vocabulary: what they say of tokens, and the text that follows. */
export interface OpenLanguageModel extends LanguageModel {
  /** For each query [positions × V] what the softmax is taken of. */
  logits(queries: readonly PositionQuery[], job?: Job): Promise<Float32Array[]>;
  /**
   * Continues texts of one length side by side.
   * @param tokens the new tokens of each text, text after text, the same number for each
   * @param texts B @default 1
   * @param cache what the texts hold so far
   * @returns logits [B × V] after the last token of each
   * @throws RevocabError `context_too_long`; `not_enough_memory`, for the model must be in memory whole; `not_finite`
   */
  continue(
    tokens: Uint32Array,
    options?: { readonly texts?: number; readonly cache?: BodyCache },
  ): Promise<{ readonly logits: Float32Array; readonly cache: BodyCache }>;
  /** Frees the head; the layers stay open. */
  close(): Promise<void>;
}

/**
 * Joins layers with tables: their own, or those that a swap would give them.
 * @throws RevocabError `unsupported_checkpoint` when the model has no head; `shape_mismatch`
 */
export function languageModel(
  transformer: OpenTransformer,
  tables: ModelTables = tablesOf(transformer.checkpoint),
): OpenLanguageModel {
  const { kind, contextLength, width, description, checkpoint } = transformer;
  const inputs = inputWidth(description);
  checkWidths(tables, inputs, width);
  const vocabularySize = tables.output.rows;
  const rows = new RowCache(tables.input);
  const head = openHead(transformer, tables);
  const finite = (values: Float32Array) => {
    if (values.some(Number.isNaN)) throw notFinite(checkpoint.directory, description.layers.length);
    return values;
  };

  /** [positions × V] per query. */
  async function collect(
    result: "logits" | "distributions",
    queries: readonly PositionQuery[],
    job: Job | undefined,
  ): Promise<Float32Array[]> {
    const compute = async (states: FinalStates) => finite(await head.logits(states, result));
    const { reading, results } = collecting(tables, queries, vocabularySize, compute);
    await transformer.read([reading], job);
    return results;
  }

  return {
    kind,
    contextLength,
    vocabularySize,
    async score(queries, job) {
      const [scores] = await scoreTogether(transformer, [{ tables, queries, head }], job);
      return scores;
    },
    distributions: (queries, job) => collect("distributions", queries, job),
    logits: (queries, job) => collect("logits", queries, job),
    async continue(tokens, { texts = 1, cache } = {}) {
      const length = tokens.length / texts;
      const added = { tokens: tokens.subarray(0, length), positions: new Uint32Array(0) };
      checkQueries([added], contextLength - (cache?.length ?? 0));
      const embeddings = new Float32Array(tokens.length * inputs);
      await rows.fill(tokens, embeddings, 0);
      const continued = await transformer.continue(embeddings, length, cache);
      const last = lastOf(continued.hidden, length, width);
      return { logits: finite(await head.next(last)), cache: continued.cache };
    },
    close: () => head.close(),
  };
}

/** Queries to be scored with the tables of one vocabulary. */
export interface ScoreRequest {
  readonly tables: ModelTables;
  readonly queries: readonly ScoreQuery[];
}

/**
 * Scores with several vocabularies at once: all pass through each layer while it is in memory.
 * @returns for each request what `LanguageModel.score` gives
 */
export async function scoreTogether(
  transformer: OpenTransformer,
  requests: readonly (ScoreRequest & { readonly head?: Head })[],
  job?: Job,
): Promise<Float32Array[][]> {
  const heads = requests.map(({ tables, head }) => head ?? openHead(transformer, tables));
  const collected = requests.map(({ tables, queries }, i) => {
    checkTargets(queries, tables.output.rows);
    const targetsOf = (some: readonly number[]) =>
      some.flatMap((query) => Array.from(queries[query].targets));
    return collecting(tables, queries, 1, (states) => heads[i].scores(states, targetsOf));
  });
  try {
    await transformer.read(
      collected.map(({ reading }) => reading),
      scoringProgress(job, requests),
    );
  } finally {
    await Promise.all(heads.map((head, i) => (requests[i].head === undefined ? head.close() : undefined)));
  }
  const { checkpoint, description } = transformer;
  for (const { results } of collected) {
    if (results.some((scores) => scores.some(Number.isNaN))) {
      throw notFinite(checkpoint.directory, description.layers.length);
    }
  }
  return collected.map(({ results }) => results);
}

/** Progress of the layers as scored tokens. */
function scoringProgress(job: Job | undefined, requests: readonly ScoreRequest[]): Job | undefined {
  const total = requests.reduce(
    (sum, { queries }) => queries.reduce((more, { positions }) => more + positions.length, sum),
    0,
  );
  if (job?.onProgress === undefined) return job;
  return {
    ...job,
    onProgress(event) {
      if (event.type !== "progress") return job.onProgress?.(event);
      const done = Math.floor((event.done / Math.max(1, event.total)) * total);
      job.onProgress?.({ ...event, step: "score", done, total });
    },
  };
}

/** A reading whose results are dealt out to its queries: [positions × columns] each. */
function collecting(
  { input, output }: ModelTables,
  queries: readonly PositionQuery[],
  columns: number,
  compute: (states: FinalStates) => Promise<Float32Array>,
): { readonly reading: Reading; readonly results: Float32Array[] } {
  const results = queries.map(() => new Float32Array(0));
  const reading: Reading = {
    input,
    queries,
    workPerPosition: output.rows * output.columns,
    async onStates(states) {
      const values = await compute(states);
      let next = 0;
      for (const query of states.queries) {
        const count = queries[query].positions.length * columns;
        results[query] = values.slice(next, next + count);
        next += count;
      }
    },
  };
  return { reading, results };
}

function checkWidths({ input, output, bias }: ModelTables, width: number, headWidth: number): void {
  const found = [
    ["input", input.columns, width],
    ["output", output.columns, headWidth],
    ["output.bias", bias?.rows ?? output.rows, output.rows],
  ] as const;
  for (const [slot, is, expected] of found) {
    if (is === expected) continue;
    throw new RevocabError(
      "shape_mismatch",
      `the table ${slot} has ${is} ${slot === "output.bias" ? "rows" : "columns"}; by the model's config there are ${expected}`,
      {
        hint: "this architecture has embeddings of another width than its layers, or the files do not belong together",
      },
    );
  }
}

function checkTargets(queries: readonly ScoreQuery[], vocabularySize: number): void {
  for (const { targets } of queries) {
    for (const token of targets) {
      if (token >= 0 && token < vocabularySize) continue;
      throw new RevocabError(
        "shape_mismatch",
        `token ${token} was to be scored by a model whose head has ${vocabularySize} rows`,
        { hint: "the tokenizer belongs to another model" },
      );
    }
  }
}

/** [B × d] the states of the last positions of [B · length × d]. */
function lastOf(hidden: Float32Array, length: number, width: number): Float32Array {
  const texts = hidden.length / (length * width);
  const last = new Float32Array(texts * width);
  for (let text = 0; text < texts; text++) {
    const end = (text + 1) * length * width;
    last.set(hidden.subarray(end - width, end), text * width);
  }
  return last;
}
