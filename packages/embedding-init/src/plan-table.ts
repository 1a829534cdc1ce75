import { setImmediate } from "node:timers/promises";
import {
  BYTES_PER_VALUE,
  type EmbeddingTable,
  type InitContext,
  type InitMethod,
  type Job,
  type Matrix,
  RevocabError,
  type StoredMatrix,
  type TablePlan,
  type TokenId,
  throwIfAborted,
} from "@revocab/core";
import { decodeInto, encodeInto, MixtureBuilder, mixtureRow, mixtureRows } from "@revocab/matrix";
import { extendsVocabulary } from "@revocab/vocab-alignment";
import { type ChosenRow, chooseRows, computeRows, type DenseRow, stackLayers } from "./layers.ts";
import { usedRowMoments } from "./used-row-moments.ts";

export interface PlanTableOptions {
  /** What the methods get; a method is prepared once per context object, for all tables. */
  readonly context: InitContext;
  /** One method or a chain; its names become the plan's `origins`. */
  readonly method: InitMethod;
  /** One of `context.source.tables`. */
  readonly table: EmbeddingTable;
  /** Plan only these target ids, in this order: row i of the plan is token i. @default one row per target id */
  readonly tokens?: Uint32Array;
  /** Rows of a plan for all ids, padding included. @default the size of the target vocabulary */
  readonly rows?: number;
  /** Rows that a method gives at a time; the result does not depend on it. @default 4096 */
  readonly blockRows?: number;
}

/** A planned table, and the source of its dense rows. */
export interface PlannedTable extends TablePlan {
  /**
   * Computes rows `dense.ids[start … start + count)` → [count × d].
   * @throws RevocabError shape_mismatch for rows that the plan does not have; whatever a method throws
   */
  denseRows(start: number, count: number): Promise<Matrix>;
}

/**
 * Tries the methods of a chain for every row of one table of the target model.
 *
 * `origins` lists the methods in the order of the chain, then `unused`, then `none`: a row of origin `none` is empty, no
 * method had a row for it. `dense.ids` are row numbers of the plan.
 *
 * Rows without a token, holes and padding, get the mean of the used source rows. At the head their logit is then the mean of the
 * old logits and cannot be the largest, as that of a random row or of a row of zeros could. If the target only extends the
 * source, the source's rows of holes and padding stay as they are, so that a model that gets its own tokenizer stays the same
 * byte for byte.
 * @throws RevocabError shape_mismatch when tables, vocabularies, rows and what methods return do not fit together;
 *   bad_options; aborted; whatever a method throws when it prepares
 */
export async function planTable(options: PlanTableOptions): Promise<PlannedTable> {
  const { context, method, table, blockRows = 4096 } = options;
  checkPlanShapes(options);
  throwIfAborted(context.job?.abortSignal);
  const tokens = tokensOfPlan(options);
  const isUnused = unusedIds(context);
  const ownRow = ownRowOf(context, table);
  const needsMean = tokens.some((token) => isUnused(token) && ownRow(token) === undefined);
  const stack = stackLayers(context, method, table, needsMean ? [await meanOfUsed(context, table)] : []);

  const builder = new MixtureBuilder();
  const dense: DenseRow[] = [];
  const origin = new Uint8Array(tokens.length);
  const unused = stack.names.length;
  const none = unused + 1;

  for (let start = 0; start < tokens.length; start += blockRows) {
    throwIfAborted(context.job?.abortSignal);
    const block = tokens.subarray(start, start + blockRows);
    const chosen = await chooseRows(
      stack,
      table,
      block.filter((token) => !isUnused(token)),
    );
    let next = 0;
    block.forEach((token, i) => {
      if (isUnused(token)) addUnused(start + i, token);
      else add(start + i, token, chosen[next++]);
    });
    report(context, table, Math.min(start + blockRows, tokens.length), tokens.length);
    // Methods are synchronous here: only between blocks can an abort signal arrive.
    await setImmediate();
  }
  throwIfAborted(context.job?.abortSignal);

  return {
    slot: table.slot,
    role: table.role,
    mixture: builder.build(),
    basis: stack.basis(),
    dense: { ids: Uint32Array.from(dense, ({ row }) => row), columns: table.matrix.columns },
    origin,
    origins: [...stack.names, "unused", "none"],
    async denseRows(start, count) {
      const wanted = dense.slice(start, start + count);
      if (start >= 0 && wanted.length === count) return computeRows(table, wanted);
      throw new RevocabError(
        "shape_mismatch",
        `found ${dense.length} dense rows in the plan, expected rows ${start} to ${start + count}`,
      );
    },
  };

  function add(row: number, token: TokenId, choice: ChosenRow | undefined): void {
    origin[row] = choice === undefined ? none : choice.layer;
    if (choice?.kind === "weights") {
      const { sources, weights } = mixtureRow(choice.mixture, choice.row);
      builder.addRow(sources, weights);
      return;
    }
    builder.addEmpty();
    if (choice !== undefined) dense.push({ row, token, layer: choice.by });
  }

  function addUnused(row: number, token: TokenId): void {
    builder.addRow([ownRow(token) ?? table.matrix.rows], [1]);
    origin[row] = unused;
  }
}

async function meanOfUsed(context: InitContext, table: EmbeddingTable): Promise<Matrix> {
  const { mean } = await usedRowMoments(context, table);
  return { rows: 1, columns: mean.length, data: Float32Array.from(mean) };
}

function unusedIds({ target: { vocabulary } }: InitContext): (token: TokenId) => boolean {
  return (token) => token >= vocabulary.size || vocabulary.kindOf(token) === "unused";
}

function report({ job }: InitContext, { slot }: EmbeddingTable, done: number, total: number): void {
  job?.onProgress?.({ type: "progress", step: `plan ${slot}`, done, total, unit: "rows" });
}

/** The target id of each row of the plan; ids from the vocabulary's size on are padding. */
function tokensOfPlan({ context, tokens, rows }: PlanTableOptions): Uint32Array {
  return tokens ?? Uint32Array.from({ length: rows ?? context.target.vocabulary.size }, (_, id) => id);
}

/** @throws RevocabError shape_mismatch or bad_options when tables, vocabularies and options do not fit together */
function checkPlanShapes({ context, table, tokens, rows, blockRows = 1 }: PlanTableOptions): void {
  const { source, target, alignment } = context;
  if (!source.tables.includes(table)) {
    throw new RevocabError(
      "bad_options",
      `found the table ${table.slot}, expected one of the context's: ${source.tables.map(({ slot }) => slot).join(", ")}`,
      {
        hint: "pass one of context.source.tables",
      },
    );
  }
  if (table.matrix.rows < source.vocabulary.size) {
    throw new RevocabError(
      "shape_mismatch",
      `${table.slot} has ${table.matrix.rows} rows but the source vocabulary has ${source.vocabulary.size} tokens`,
      { hint: "load both from the same model folder" },
    );
  }
  if (alignment.sourceOf.length !== target.vocabulary.size) {
    throw new RevocabError(
      "shape_mismatch",
      `the alignment is for ${alignment.sourceOf.length} tokens but the target vocabulary has ${target.vocabulary.size}`,
      { hint: "align the same two vocabularies" },
    );
  }
  if (tokens !== undefined && rows !== undefined) {
    throw new RevocabError(
      "bad_options",
      "both tokens and rows were given; rows is for a plan of all tokens",
    );
  }
  if (rows !== undefined && !(Number.isSafeInteger(rows) && rows >= target.vocabulary.size)) {
    throw new RevocabError(
      "shape_mismatch",
      `found rows: ${rows}, expected at least the ${target.vocabulary.size} tokens of the target vocabulary`,
    );
  }
  const beyond = tokens?.find((token) => token >= target.vocabulary.size);
  if (beyond !== undefined) {
    throw new RevocabError(
      "bad_options",
      `found token ${beyond}, expected at most ${target.vocabulary.size - 1}, the last of the target vocabulary`,
    );
  }
  if (!(Number.isSafeInteger(blockRows) && blockRows > 0)) {
    throw new RevocabError("bad_options", `blockRows is ${blockRows}, expected an integer above 0`);
  }
}

/**
 * For a target id without a token: the source row of the same number, if that is a hole or padding too and the target
 * vocabulary extends the source's. Between unrelated vocabularies equal row numbers mean nothing.
 */
function ownRowOf(
  { source, target, alignment }: InitContext,
  { matrix }: EmbeddingTable,
): (id: TokenId) => TokenId | undefined {
  const { vocabulary } = source;
  const { extendsSource = extendsVocabulary(vocabulary, target.vocabulary) } = alignment;
  if (!extendsSource) return () => undefined;
  return (id) => {
    const isUnused = id >= vocabulary.size || vocabulary.kindOf(id) === "unused";
    return isUnused && id < matrix.rows ? id : undefined;
  };
}

/** Dense rows computed at a time. */
const BLOCK_ROWS = 1024;

/**
 * The rows of a plan → [rows of the plan × d], rounded to the number format of `source`: the values that a rewritten model
 * holds. Rows of origin `none` are zeros.
 * @param source the matrix of the table that was planned, E [V_s × d]
 * @throws RevocabError shape_mismatch; aborted
 */
export async function rowsOfPlan(plan: PlannedTable, source: StoredMatrix, job?: Job): Promise<Matrix> {
  const rows = await mixtureRows({ mixture: plan.mixture, source, basis: plan.basis, job });
  await fillDense(plan, source, rows.data, job?.abortSignal);
  return rows;
}

/** Dense rows are rounded to the stored number format too, as rows that are weighted sums are. */
async function fillDense(
  { dense, denseRows }: PlannedTable,
  { dtype, columns }: StoredMatrix,
  data: Float32Array,
  abortSignal: AbortSignal | undefined,
): Promise<void> {
  for (let start = 0; start < dense.ids.length; start += BLOCK_ROWS) {
    throwIfAborted(abortSignal);
    const block = await denseRows(start, Math.min(BLOCK_ROWS, dense.ids.length - start));
    const bytes = new Uint8Array(block.data.length * BYTES_PER_VALUE[dtype]);
    encodeInto(dtype, block.data, bytes);
    decodeInto(dtype, bytes, block.data);
    for (let row = 0; row < block.rows; row++) {
      data.set(block.data.subarray(row * columns, (row + 1) * columns), dense.ids[start + row] * columns);
    }
  }
}
