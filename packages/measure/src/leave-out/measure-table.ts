import type { EmbeddingTable, InitContext, InitMethod, Role, TablePlan, Vocabulary } from "@revocab/core";
import { planTable, rowsOfPlan } from "@revocab/embedding-init";
import type { HiddenTokens } from "./choose-hidden.ts";
import { reconstruction } from "./reconstruction.ts";
import { meanOf, medianOf } from "./statistics.ts";

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
