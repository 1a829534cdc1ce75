import type { EmbeddingTable, InitContext } from "@revocab/core";
import { type ColumnMoments, columnMoments } from "@revocab/matrix";

/**
 * Mean and population variance of each column of a table over the rows that belong to a token: rows of holes and
 * padding were never trained.
 *
 * Computed once per table and context, for all methods of a chain.
 * @throws RevocabError no_evidence when no row is used; aborted
 */
export function usedRowMoments(context: InitContext, table: EmbeddingTable): Promise<ColumnMoments> {
  const known = momentsOf.get(context) ?? new Map<string, Promise<ColumnMoments>>();
  momentsOf.set(context, known);
  const moments = known.get(table.slot) ?? columnMoments(table.matrix, statisticsOptions(context));
  known.set(table.slot, moments);
  moments.catch(() => known.delete(table.slot));
  return moments;
}

const momentsOf = new WeakMap<InitContext, Map<string, Promise<ColumnMoments>>>();

/** The rows that every statistic over a table counts, and the job it runs in. */
export function statisticsOptions({ source: { vocabulary }, job }: InitContext) {
  return {
    isUsed: (row: number) => row < vocabulary.size && vocabulary.kindOf(row) !== "unused",
    job,
  };
}
