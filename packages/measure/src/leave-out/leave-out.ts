import type {
  Donor,
  EmbeddingTable,
  InitContext,
  InitMethod,
  Job,
  Role,
  RotaryHeads,
  SourceModel,
  TablePlan,
  TokenId,
  Vocabulary,
} from "@revocab/core";
import { initContext, planTable, rowsOfPlan, type TextReader } from "@revocab/embedding-init";
import { type DenseProducts, openDenseProducts } from "@revocab/onnx";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { displayToken, type Tokenizer } from "@revocab/vocabulary";
import { chooseHidden, type HiddenTokens } from "./choose-hidden.ts";
import { reconstruction } from "./reconstruction.ts";

export interface LeaveOutOptions {
  readonly source: {
    readonly tokenizer: Pick<Tokenizer, "vocabulary" | "vocabularyWithout">;
    /** With the roles that their rows are planned for; see `makePlan` for tied models. */
    readonly tables: readonly EmbeddingTable[];
    /** Only for methods that run the model. */
    readonly model?: () => Promise<SourceModel>;
    readonly rotary?: RotaryHeads;
  };
  readonly target: TextReader;
  /** Only for methods that read a donor. */
  readonly donor?: () => Promise<Donor>;
  /**
   * The chain of a swap, copying of shared tokens included: hidden tokens are not shared. A row that it leaves empty counts as
   * a row of zeros.
   */
  readonly method: InitMethod;
  /** @default 0 */
  readonly seed?: number;
  /** The share of the shared tokens to hide, above 0 and at most 1; at least one token is hidden. @default 0.1 */
  readonly share?: number;
  /** @default 1000 */
  readonly maxTokens?: number;
  /** Name the tokens of each table whose rows were met worst, so many of them. @default 0 */
  readonly worst?: number;
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
  /** Without tables of one column and tables whose true rows are all zeros. */
  readonly tables: readonly LeaveOutTable[];
}

export interface LeaveOutTable {
  readonly slot: string;
  readonly role: Role;
  /** Hidden tokens measured: those whose true row is not all zeros. */
  readonly tokens: number;
  /** Number of rows by the method that initialized them; `none` for those that were left empty. */
  readonly byMethod: Readonly<Record<string, number>>;
  /** Between new row and true row; 0 for a new row of zeros. */
  readonly cosine: { readonly mean: number; readonly median: number };
  /**
   * The rank of the true row among all used rows of the source by their cosine to the new row; 1 is the nearest. Rows as
   * near as the true row rank before it, so a new row of zeros ranks it last.
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
  /** Those whose new row points furthest from the true one, the worst first. Only with the option `worst`. */
  readonly worst?: readonly HiddenToken[];
}

/** A hidden token, and how well its row was met. */
export interface HiddenToken {
  /** In the target's vocabulary. */
  readonly id: TokenId;
  /** As `displayToken` shows it. */
  readonly token: string;
  readonly cosine: number;
  readonly rank: number;
}

/**
 * How well a method reconstructs known rows. It hides some of the tokens that two vocabularies share, has the method
 * initialize their rows as if the source had never had them, rounded to the number format of the model, and compares them
 * with the true rows. It needs no text, and runs the model only where the method does.
 *
 * Head biases are left out: one number has no direction.
 * @throws RevocabError bad_options; shape_mismatch; not_finite for a row with an infinity or a NaN; aborted; whatever a method throws
 */
export async function leaveOut({
  source,
  target,
  donor,
  method,
  seed = 0,
  share = 0.1,
  maxTokens = 1000,
  initializerRange = 0.02,
  worst = 0,
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
    source: { vocabulary: view, tables: source.tables, model: source.model, rotary: source.rotary },
    target,
    ...(donor !== undefined && { donor }),
    seed,
    initializerRange,
    job,
  });
  const tables: LeaveOutTable[] = [];
  const products = await openDenseProducts(job?.threads);
  try {
    for (const table of hidden.targets.length === 0 ? [] : source.tables) {
      if (table.isBias || table.matrix.columns < 2) continue;
      const { vocabulary } = tokenizer;
      const measured = await measureTable({
        ...{ table, context, method, hidden, vocabulary, products },
        worst: { count: worst, vocabulary: target.vocabulary },
      });
      if (measured !== undefined) tables.push(measured);
    }
  } finally {
    await products.release();
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
  if (targets.length === 0) return "the two vocabularies share no text token that could be hidden";
  return tables.length === 0
    ? "no table has true rows to compare with: they are zeros or have one column"
    : null;
}

interface MeasureTableOptions {
  /** One of the context's tables. */
  readonly table: EmbeddingTable;
  /** With the source vocabulary that lacks the hidden tokens. */
  readonly context: InitContext;
  readonly method: InitMethod;
  readonly hidden: HiddenTokens;
  /** The whole source vocabulary: its rows are ranked. */
  readonly vocabulary: Vocabulary;
  readonly products: DenseProducts;
  readonly worst: { readonly count: number; readonly vocabulary: Vocabulary };
}

/** Initializes the hidden rows of one table and compares them; `undefined` where all true rows are zeros. */
async function measureTable({
  table,
  context,
  method,
  hidden: { targets, sources },
  vocabulary,
  products,
  worst,
}: MeasureTableOptions): Promise<LeaveOutTable | undefined> {
  const { job } = context;
  const plan = await planTable({ context, method, table, tokens: targets });
  const { rows, cosines, ranks, relativeErrors, candidates } = await reconstruction({
    found: await rowsOfPlan(plan, table.matrix, job),
    sources,
    stored: table.matrix,
    isUsed: (row) => row < vocabulary.size && vocabulary.kindOf(row) !== "unused",
    slot: table.slot,
    products,
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
    ...(worst.count > 0 && {
      worst: worstTokens(
        worst,
        rows.map((row) => targets[row]),
        { cosines, ranks },
      ),
    }),
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

function worstTokens(
  { count, vocabulary }: MeasureTableOptions["worst"],
  tokens: readonly TokenId[],
  { cosines, ranks }: { readonly cosines: readonly number[]; readonly ranks: readonly number[] },
): HiddenToken[] {
  return [...tokens.keys()]
    .sort((a, b) => cosines[a] - cosines[b] || tokens[a] - tokens[b])
    .slice(0, count)
    .map((at) => {
      const id = tokens[at];
      return { id, token: displayToken(vocabulary, id), cosine: cosines[at], rank: ranks[at] };
    });
}

/** NaN for no values. */
function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The middle value, or the mean of the two middle values; NaN for no values. */
function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[upper] : (sorted[upper - 1] + sorted[upper]) / 2;
}
