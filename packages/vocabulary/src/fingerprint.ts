import { createHash } from "node:crypto";
import type { Vocabulary } from "@revocab/core";

/**
 * SHA-256 (hex) of a vocabulary: its size and, for each id, kind, roles and bytes. Two files that differ in layout only have
 * the same fingerprint. A plan can be applied only to a model whose tokenizer has the fingerprint that it was made for.
 */
export function fingerprint(vocabulary: Vocabulary): string {
  const hash = createHash("sha256");
  hash.update(`revocab vocabulary 1\n${vocabulary.size}\n`);
  for (let id = 0; id < vocabulary.size; id++) {
    const bytes = vocabulary.bytesOf(id);
    hash.update(`${vocabulary.kindOf(id)} ${[...vocabulary.rolesOf(id)].sort().join()} ${bytes.length}\n`);
    hash.update(bytes);
  }
  return hash.digest("hex");
}
