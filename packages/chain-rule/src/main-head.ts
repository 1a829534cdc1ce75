import type { EmbeddingTable } from "@revocab/core";

/** The head that the model predicts with, and its bias; not a draft head beside it. */
export function mainHead(tables: readonly EmbeddingTable[]): {
  readonly table: EmbeddingTable;
  readonly bias: EmbeddingTable | undefined;
} {
  const heads = tables.filter(({ role, isBias }) => role === "output" && !isBias);
  const table = heads.find(({ slot }) => slot === "output") ?? (heads[0] as EmbeddingTable);
  return { table, bias: tables.find(({ slot }) => slot === "output.bias") };
}
