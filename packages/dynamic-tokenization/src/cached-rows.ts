import { type Matrix, RevocabError } from "@revocab/core";
import { LRUCache } from "lru-cache";
import type { RowProvider, TokenRows } from "./row-provider.ts";

export interface CachedRowsOptions {
  /** Tokens whose rows are kept: the ones that were asked for last. @default 65,536 */
  readonly tokens?: number;
}

/** The rows of one token. */
type Kept = { readonly [Part in keyof TokenRows]: Float32Array };

/**
 * Keeps rows by the bytes of their tokens, so that those that several batches have are computed once. An input row and a head row
 * of width d take 8 d bytes.
 * @throws RevocabError `bad_options` for rows that depend on more than the token's bytes
 */
export function cachedRows(
  provider: RowProvider,
  { tokens: most = 65_536 }: CachedRowsOptions = {},
): RowProvider {
  if (provider.dependsOn !== "bytes") {
    throw new RevocabError(
      "bad_options",
      "these rows depend on the whole vocabulary, so none can be kept for another one",
      {
        hint: "use the provider without a cache",
      },
    );
  }
  if (!(Number.isSafeInteger(most) && most > 0)) {
    throw new RevocabError(
      "bad_options",
      `a cache of ${most} tokens was asked for, expected a whole number above 0`,
    );
  }
  const kept = new LRUCache<string, Kept>({ max: most });
  return {
    ...provider,
    async rowsOf({ tokenizer, tokens, job }) {
      const keys = Array.from(tokens, (id) =>
        Buffer.from(tokenizer.vocabulary.bytesOf(id)).toString("latin1"),
      );
      // held here too, for more may be asked for at once than are kept
      const found = new Map(keys.map((key) => [key, kept.get(key)]));
      const placeOf = new Map(keys.map((key, i) => [key, i]));
      const missing = [...placeOf.values()].filter((i) => found.get(keys[i]) === undefined);
      if (missing.length > 0) {
        const rows = await provider.rowsOf({ tokenizer, tokens: missing.map((i) => tokens[i]), job });
        for (const [row, i] of missing.entries()) {
          const own = rowsAt(rows, row);
          found.set(keys[i], own);
          kept.set(keys[i], own);
        }
      }
      return joined(keys.map((key) => found.get(key)!));
    },
  };
}

const PARTS = ["input", "output", "bias"] as const;

function rowsAt(rows: TokenRows, row: number): Kept {
  const own: Partial<Record<keyof TokenRows, Float32Array>> = {};
  for (const part of PARTS) {
    const matrix = rows[part];
    // a copy, which does not keep the whole matrix in memory
    if (matrix !== undefined) own[part] = matrix.data.slice(row * matrix.columns, (row + 1) * matrix.columns);
  }
  return own as Kept;
}

function joined(all: readonly Kept[]): TokenRows {
  const rows: Partial<Record<keyof TokenRows, Matrix>> = {};
  for (const part of PARTS) {
    const columns = all[0]?.[part]?.length;
    if (columns === undefined) continue;
    const data = new Float32Array(all.length * columns);
    for (const [row, own] of all.entries()) data.set(own[part]!, row * columns);
    rows[part] = { rows: all.length, columns, data };
  }
  return rows as TokenRows;
}
