import type {
  EmbeddingTable,
  InitContext,
  InitMethod,
  Job,
  Role,
  RunnableModel,
  TablePlan,
  Vocabulary,
} from "@revocab/core";
import { initContext, planTable, rowsOfPlan, type TextReader } from "@revocab/embedding-init";
import { alignVocabularies } from "@revocab/vocab-alignment";
import type { Tokenizer } from "@revocab/vocabulary";
import { chooseHidden, type HiddenTokens } from "./choose-hidden.ts";
import { reconstruction } from "./reconstruction.ts";

export interface LeaveOutOptions {
  readonly source: {
    readonly tokenizer: Pick<Tokenizer, "vocabulary" | "vocabularyWithout">;
    /** With the roles their rows are planned for; see `makePlan` for tied models. */
    readonly tables: readonly EmbeddingTable[];
    /** Only for methods that run the model. */
    readonly model?: () => Promise<RunnableModel>;
  };
  readonly target: TextReader;
  /**
   * The chain a swap would use, copying of shared tokens included: a hidden token is none. A row that it leaves empty
   * counts as a row of zeros.
   */
  readonly method: InitMethod;
  /** @default 0 */
  readonly seed?: number;
  /** How many of the shared tokens to hide, above 0 and at most 1; at least one token is. @default 0.1 */
  readonly share?: number;
  /** @default 1000 */
  readonly maxTokens?: number;
  /** The model's `initializer_range`, for `random`. @default 0.02 */
  readonly initializerRange?: number;
  readonly job?: Job;
}

export interface LeaveOut {
  readonly seed: number;
  readonly share: number;
  /** Source tokens that could have been hidden; see {@link chooseHidden}. */
  readonly sharedTokens: number;
  readonly hiddenTokens: number;
  /** Why nothing was measured; null when something was. */
  readonly note: string | null;
  /** Without those of one column, and those whose true rows are all zeros. */
  readonly tables: readonly LeaveOutTable[];
}

/**
 * How well a method guesses rows that are known: hides some of the tokens that two vocabularies share, has the method
 * initialize their rows as if the source had never had them, in the number format of the model, and compares them with the
 * rows they have. It needs no text of its own, and runs the model only where the method does.
 *
 * Head biases are left out: one number has no direction.
 * @throws RevocabError bad_options; shape_mismatch; not_finite for a row that is no row; aborted; whatever a method throws
 */
export async function leaveOut({
  source,
  target,
  method,
  seed = 0,
  share = 0.1,
  maxTokens = 1000,
  initializerRange = 0.02,
  job,
}: LeaveOutOptions): Promise<LeaveOut> {
  const { tokenizer } = source;
  const hidden = chooseHidden(
    tokenizer.vocabulary,
    target.vocabulary,
    alignVocabularies({ source: tokenizer.vocabulary, target: target.vocabulary, job }),
    { seed, share, maxTokens },
  );
  const view = tokenizer.vocabularyWithout(hidden.hiddenSources);
  const context = initContext({
    source: { vocabulary: view, tables: source.tables, model: source.model },
    target,
    seed,
    initializerRange,
    job,
  });
  const tables: LeaveOutTable[] = [];
  for (const table of hidden.targets.length === 0 ? [] : source.tables) {
    if (table.isBias || table.matrix.columns < 2) continue;
    const measured = await measureTable({ table, context, method, hidden, vocabulary: tokenizer.vocabulary });
    if (measured !== undefined) tables.push(measured);
  }
  return {
    seed,
    share,
    sharedTokens: hidden.sharedTokens,
    hiddenTokens: hidden.targets.length,
    note: noteOn(hidden, tables),
    tables,
  };
}

function noteOn({ targets }: HiddenTokens, tables: readonly LeaveOutTable[]): string | null {
  if (targets.length === 0) return "the two vocabularies share no text token, so there is none to hide";
  return tables.length === 0
    ? "no table has true rows to compare with: they are zeros or have one column"
    : null;
}

export interface LeaveOutTable {
  readonly slot: string;
  readonly role: Role;
  /** Hidden tokens measured: those whose true row is not all zeros. */
  readonly tokens: number;
  /** How many of their rows each method of the chain made; `none` for those without evidence. */
  readonly byMethod: Readonly<Record<string, number>>;
  /** Of new row and true row; 0 for a new row of zeros. */
  readonly cosine: { readonly mean: number; readonly median: number };
  /**
   * The place of the true row among all used rows of the source by their cosine to the new row, 1 the nearest. Rows as
   * near as the true one come before it, so that a row of zeros, near to none, ranks it last.
   */
  readonly rank: {
    readonly median: number;
    /** The mean of 1 / rank. */
    readonly meanReciprocal: number;
    /** The share of tokens whose true row is the nearest. */
    readonly first: number;
    /** Rows that were ranked. */
    readonly of: number;
  };
  /** ‖new − true‖ / ‖true‖; 1 for a row of zeros. */
  readonly relativeError: { readonly mean: number; readonly median: number };
}

export interface MeasureTableOptions {
  /** One of the context's tables. */
  readonly table: EmbeddingTable;
  /** With the source vocabulary that lacks the hidden tokens. */
  readonly context: InitContext;
  readonly method: InitMethod;
  readonly hidden: HiddenTokens;
  /** The whole source vocabulary: its rows are ranked. */
  readonly vocabulary: Vocabulary;
}

/** Makes the hidden rows of one table and compares them; `undefined` where all true rows are zeros. */
export async function measureTable({
  table,
  context,
  method,
  hidden: { targets, sources },
  vocabulary,
}: MeasureTableOptions): Promise<LeaveOutTable | undefined> {
  const { job } = context;
  const plan = await planTable({ context, method, table, tokens: targets });
  const { rows, cosines, ranks, relativeErrors, candidates } = await reconstruction({
    found: await rowsOfPlan(plan, table.matrix, job),
    sources,
    stored: table.matrix,
    isUsed: (row) => row < vocabulary.size && vocabulary.kindOf(row) !== "unused",
    slot: table.slot,
    job,
  });
  if (rows.length === 0) return undefined;
  return {
    slot: table.slot,
    role: table.role,
    tokens: rows.length,
    byMethod: countOrigins(plan, rows),
    cosine: { mean: meanOf(cosines), median: medianOf(cosines) },
    rank: {
      median: medianOf(ranks),
      meanReciprocal: meanOf(ranks.map((rank) => 1 / rank)),
      first: meanOf(ranks.map((rank) => (rank === 1 ? 1 : 0))),
      of: candidates,
    },
    relativeError: { mean: meanOf(relativeErrors), median: medianOf(relativeErrors) },
  };
}

function countOrigins({ origin, origins }: TablePlan, rows: readonly number[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const row of rows) {
    const name = origins[origin[row]];
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** NaN for no values. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The middle value, or half-way between the two middle ones; NaN for no values. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[upper] : (sorted[upper - 1] + sorted[upper]) / 2;
}
