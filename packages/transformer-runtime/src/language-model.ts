import {
  type Job,
  type LanguageModel,
  type PositionQuery,
  RevocabError,
  type ScoreQuery,
  throwIfAborted,
} from "@revocab/core";
import { type Batch, planBatches } from "./batches.ts";
import { type ModelTables, openHead, tablesOf } from "./head.ts";
import type { BodyCache, Transformer } from "./open-transformer.ts";
import { RowCache } from "./row-cache.ts";

/** A transformer with the tables of a vocabulary. */
export interface TransformerLanguageModel extends LanguageModel {
  /** For each query [positions × V] what the softmax is taken of. */
  logits(queries: readonly PositionQuery[], job?: Job): Promise<Float32Array[]>;
  /** For each query [positions × d] what the head's table is multiplied with. */
  hiddenStates(queries: readonly PositionQuery[], job?: Job): Promise<Float32Array[]>;
  /** Logits [V] after `tokens`, which follow what `cache` holds. */
  continue(
    tokens: Uint32Array,
    cache?: BodyCache,
  ): Promise<{ readonly logits: Float32Array; readonly cache: BodyCache }>;
  /** For several texts of one length at once, each with its next token: logits [B × V]. */
  continueAll(
    tokens: Uint32Array,
    cache?: BodyCache,
  ): Promise<{ readonly logits: Float32Array; readonly cache: BodyCache }>;
  /** Loads what `score` needs for sequences of up to `length`, so that a caller can measure loading apart from running. */
  load(length: number): Promise<void>;
  /** Frees the head; the transformer stays open. */
  close(): Promise<void>;
}

/**
 * Joins a transformer with tables: its own, or those that a swap would give it.
 * @throws RevocabError `unsupported_checkpoint` when the model has no head; `shape_mismatch`
 */
export function languageModel(
  transformer: Transformer,
  tables: ModelTables = tablesOf(transformer.checkpoint),
): TransformerLanguageModel {
  const { description } = transformer;
  const { kind, contextLength, width } = description;
  const headWidth = description.head.transform?.dense.outputs ?? width;
  checkWidths(tables, width, headWidth);
  const vocabularySize = tables.output.rows;
  const rows = new RowCache(tables.input);
  const head = openHead(transformer, tables);

  /** Runs the body batch by batch; `use` gets the hidden states [positions of the batch × d] and their queries. */
  async function forEachBatch<Query extends PositionQuery>(
    queries: readonly Query[],
    job: Job | undefined,
    use: (hidden: Float32Array, batch: Batch) => Promise<void>,
  ): Promise<void> {
    checkQueries(queries, contextLength);
    const lengths = queries.map(({ tokens }) => tokens.length);
    for (const batch of planBatches(lengths, { squares: transformer.squares })) {
      throwIfAborted(job?.abortSignal);
      const own = batch.map((index) => lengths[index]);
      const longest = Math.max(...own);
      if (longest === 0) continue;
      const embeddings = new Float32Array(batch.length * longest * width);
      for (const [b, index] of batch.entries())
        await rows.fill(queries[index].tokens, embeddings, b * longest);
      const hidden = await transformer.run({ embeddings, lengths: own });
      await use(
        selectRows(
          hidden,
          headWidth,
          batch.map((index) => queries[index].positions),
          longest,
        ),
        batch,
      );
    }
  }

  /** [positions × columns] per query, from what the head says of all queries' positions. */
  async function collect(
    result: "logits" | "distributions",
    queries: readonly PositionQuery[],
    job?: Job,
  ): Promise<Float32Array[]> {
    const results: Float32Array[] = queries.map(() => new Float32Array(0));
    await forEachBatch(queries, job, async (hidden, batch) => {
      const values = finite(await head.run(result, hidden), transformer);
      deal(values, vocabularySize, queries, batch, results);
    });
    return results;
  }

  /** `length` tokens of each text, text after text. */
  async function continueBody(tokens: Uint32Array, length: number, cache: BodyCache | undefined) {
    const added = { tokens: tokens.subarray(0, length), positions: new Uint32Array(0) };
    checkQueries([added], contextLength - (cache?.length ?? 0));
    const embeddings = new Float32Array(tokens.length * width);
    await rows.fill(tokens, embeddings, 0);
    return transformer.continue(embeddings, length, cache);
  }

  return {
    kind,
    contextLength,
    vocabularySize,
    async score(queries: readonly ScoreQuery[], options = {}) {
      const results: Float32Array[] = queries.map(() => new Float32Array(0));
      await forEachBatch(queries, options, async (hidden, batch) => {
        const targets = batch.flatMap((index) => Array.from(queries[index].targets, BigInt));
        checkTargets(targets, vocabularySize);
        const values = finite(await head.run("scores", hidden, BigInt64Array.from(targets)), transformer);
        deal(values, 1, queries, batch, results);
      });
      return results;
    },
    distributions: (queries, options = {}) => collect("distributions", queries, options),
    logits: (queries, options = {}) => collect("logits", queries, options),
    async hiddenStates(queries, options = {}) {
      const results: Float32Array[] = queries.map(() => new Float32Array(0));
      await forEachBatch(queries, options, async (hidden, batch) => {
        deal(finite(hidden, transformer), headWidth, queries, batch, results);
      });
      return results;
    },
    async continue(tokens, cache) {
      const continued = await continueBody(tokens, tokens.length, cache);
      const last = continued.hidden.subarray((tokens.length - 1) * headWidth, tokens.length * headWidth);
      return { logits: finite(await head.run("logits", last), transformer), cache: continued.cache };
    },
    async continueAll(tokens, cache) {
      const continued = await continueBody(tokens, 1, cache);
      return {
        logits: finite(await head.run("logits", continued.hidden), transformer),
        cache: continued.cache,
      };
    },
    async load(length) {
      await transformer.load(length);
      await head.load("scores");
    },
    close: () => head.close(),
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

function checkQueries(queries: readonly PositionQuery[], contextLength: number): void {
  for (const { tokens, positions } of queries) {
    if (tokens.length > contextLength) {
      throw new RevocabError(
        "context_too_long",
        `a sequence of ${tokens.length} tokens was given to a model made for ${contextLength}`,
        { hint: "use a shorter context" },
      );
    }
    const beyond = positions.find((position) => position >= tokens.length);
    if (beyond !== undefined) throw new RangeError(`position ${beyond} of ${tokens.length} tokens`);
  }
}

function checkTargets(targets: readonly bigint[], vocabularySize: number): void {
  const beyond = targets.find((token) => token < 0n || token >= BigInt(vocabularySize));
  if (beyond === undefined) return;
  throw new RevocabError(
    "shape_mismatch",
    `token ${beyond} was to be scored by a model whose head has ${vocabularySize} rows`,
    { hint: "the tokenizer belongs to another model" },
  );
}

/** [Σ positions × columns] from [B · longest × columns] */
function selectRows(
  hidden: Float32Array,
  columns: number,
  positions: readonly Uint32Array[],
  longest: number,
): Float32Array {
  const total = positions.reduce((sum, { length }) => sum + length, 0);
  const selected = new Float32Array(total * columns);
  let next = 0;
  positions.forEach((wanted, b) => {
    for (const position of wanted) {
      const start = (b * longest + position) * columns;
      selected.set(hidden.subarray(start, start + columns), next * columns);
      next++;
    }
  });
  return selected;
}

/** Cuts [Σ positions × columns] into one array per query. */
function deal(
  values: Float32Array,
  columns: number,
  queries: readonly PositionQuery[],
  batch: Batch,
  results: Float32Array[],
): void {
  let next = 0;
  for (const index of batch) {
    const count = queries[index].positions.length * columns;
    results[index] = values.slice(next, next + count);
    next += count;
  }
}

function finite(values: Float32Array, { checkpoint, description }: Transformer): Float32Array {
  if (!values.some(Number.isNaN)) return values;
  throw new RevocabError(
    "not_finite",
    `${checkpoint.directory} gave NaN (not a number) for a prediction, in ${description.layers.length} layers of f32`,
    {
      hint: "the weights hold NaN or infinity, or numbers too large for them: `inspectPath` names such rows of tables",
    },
  );
}
