import {
  type FinalStates,
  type Job,
  type LanguageModel,
  type PositionQuery,
  type ReadRequest,
  RevocabError,
  type ScoreQuery,
  type TokenId,
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

  /** What the head says of each query, [positions × V], a few queries at a time. */
  async function ask(
    result: "logits" | "distributions",
    queries: readonly PositionQuery[],
    use: (query: number, values: Float32Array) => Promise<void>,
    job: Job | undefined,
  ): Promise<void> {
    const most = Math.max(1, Math.floor(ANSWER_VALUES / vocabularySize));
    const onStates = async (states: FinalStates) => {
      for await (const block of states.blocks()) {
        let next = 0;
        for (const some of groupsWithin(block.queries, (query) => queries[query].positions.length, most)) {
          const counts = some.map((query) => queries[query].positions.length);
          const total = counts.reduce((sum, count) => sum + count, 0);
          const hidden = block.states.slice(next * width, (next + total) * width);
          const values = finite(await head.logits(hidden, result));
          next += total;
          let at = 0;
          for (const [i, query] of some.entries()) {
            await use(query, values.subarray(at, at + counts[i] * vocabularySize));
            at += counts[i] * vocabularySize;
          }
        }
      }
    };
    const workPerPosition = vocabularySize * width;
    const { input, source } = tables;
    await transformer.read([{ input, source, queries, workPerPosition, onStates }], job);
  }

  return {
    kind,
    contextLength,
    vocabularySize,
    startTokens: startTokensOf(transformer, tables),
    async score(queries, job) {
      const [scores] = await scoreTogether(transformer, [{ tables, queries, head }], job);
      return scores;
    },
    distributions: (queries, use, job) => ask("distributions", queries, use, job),
    async logits(queries, job) {
      const logits = queries.map(() => new Float32Array(0));
      const keep = async (query: number, values: Float32Array) => {
        logits[query] = values.slice();
      };
      await ask("logits", queries, keep, job);
      return logits;
    },
    async continue(tokens, { texts = 1, cache } = {}) {
      const length = tokens.length / texts;
      const added = { tokens: tokens.subarray(0, length), positions: new Uint32Array(0) };
      checkQueries([added], contextLength - (cache?.length ?? 0));
      const embeddings = new Float32Array(tokens.length * inputs);
      await rows.fill(tokens, embeddings, 0);
      const continued = await transformer.continue(embeddings, length, { cache, source: tables });
      const last = lastOf(continued.hidden, length, width);
      return { logits: finite(await head.next(last)), cache: continued.cache };
    },
    close: () => head.close(),
  };
}

/** What every text begins with, in tokens of the tables: the model's own where they do not say. */
export function startTokensOf(
  { description }: Pick<OpenTransformer, "description">,
  { startTokens }: Pick<ModelTables, "startTokens">,
): readonly TokenId[] {
  return startTokens ?? description.encoder?.startTokens ?? [];
}

/** Numbers handed over at a time, of four bytes each. */
const ANSWER_VALUES = 2 ** 23;

/** Items one after another, as many at a time as have no more than `most` in all, and at least one. */
function* groupsWithin(
  items: readonly number[],
  sizeOf: (item: number) => number,
  most: number,
): Generator<number[]> {
  let group: number[] = [];
  let size = 0;
  for (const item of items) {
    if (group.length > 0 && size + sizeOf(item) > most) {
      yield group;
      [group, size] = [[], 0];
    }
    group.push(item);
    size += sizeOf(item);
  }
  if (group.length > 0) yield group;
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
  const results = requests.map(({ queries }) => queries.map(() => new Float32Array(0)));
  const reads = requests.map(({ tables: { input, output, source }, queries }, i): ReadRequest => {
    checkTargets(queries, output.rows);
    const targetsOf = (some: readonly number[]) =>
      some.flatMap((query) => Array.from(queries[query].targets));
    return {
      input,
      source,
      queries,
      workPerPosition: output.rows * output.columns,
      async onStates(states) {
        const scores = await heads[i].scores(states, targetsOf);
        let next = 0;
        for (const query of states.queries) {
          const { length } = queries[query].positions;
          results[i][query] = scores.slice(next, next + length);
          next += length;
        }
      },
    };
  });
  try {
    await transformer.read(reads, scoringProgress(job, requests));
  } finally {
    await Promise.all(heads.map((head, i) => (requests[i].head === undefined ? head.close() : undefined)));
  }
  const { checkpoint, description } = transformer;
  if (results.some((scores) => scores.some((some) => some.some(Number.isNaN)))) {
    throw notFinite(checkpoint.directory, description.layers.length);
  }
  return results;
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
