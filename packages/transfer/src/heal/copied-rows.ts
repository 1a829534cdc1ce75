import type { Job, StoredMatrix, TokenId } from "@revocab/core";
import { scanRows } from "@revocab/matrix";
import type { RowsOfTables } from "@revocab/rows-training";
import type { ModelTables } from "@revocab/transformer-runtime";

/**
 * Rows that are copies: byte for byte (by a 64-bit hash) one of the original's, of its input or its head.
 * @throws RevocabError `aborted`
 */
export async function copiedRows(
  tables: ModelTables,
  original: ModelTables,
  job: Job | undefined,
): Promise<RowsOfTables> {
  const known = new Set<bigint>();
  for (const table of new Set([original.input, original.output])) {
    for (const hash of (await scanRows(table, { job })).hashes) known.add(hash);
  }
  const copiesOf = async (table: StoredMatrix): Promise<ReadonlySet<TokenId>> => {
    const { hashes } = await scanRows(table, { job });
    return new Set([...hashes.keys()].filter((id) => known.has(hashes[id] as bigint)));
  };
  const input = await copiesOf(tables.input);
  return { input, output: tables.output === tables.input ? input : await copiesOf(tables.output) };
}
