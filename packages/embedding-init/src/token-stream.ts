import type { EmbeddingTable, TokenId } from "@revocab/core";
import { type RandomStream, randomStream } from "@revocab/matrix";

/**
 * The random numbers of one token's row in one table: they depend on the seed, the token's id, the table and the method,
 * so that block size and order cannot matter and input and head rows are independent.
 */
export function tokenStream(
  seed: number,
  token: TokenId,
  method: string,
  table: Pick<EmbeddingTable, "slot">,
): RandomStream {
  return randomStream(seed, token, hashOf(`${method} ${table.slot}`));
}

/** FNV-1a, 32 bits. */
function hashOf(string: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < string.length; i++) hash = Math.imul(hash ^ string.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
