import type { TokenId, Vocabulary } from "@revocab/core";
import { mergeApplier } from "./apply-merges.ts";
import type { DynamicMerges } from "./merge-batch.ts";

/**
 * A vocabulary with the merged tokens of a batch after its own. Ids between the two, which a model has rows for and no tokens, are
 * holes. Its spelling of bytes is the vocabulary's own, with the merges applied.
 */
export function dynamicVocabulary(vocabulary: Vocabulary, merges: DynamicMerges): Vocabulary {
  const { firstId, tokens } = merges;
  const idOf = new Map(tokens.map((bytes, i) => [keyOf(bytes), firstId + i]));
  const apply = mergeApplier(merges);
  const bytesOf = (id: TokenId): Uint8Array =>
    id < vocabulary.size ? vocabulary.bytesOf(id) : (tokens[id - firstId] ?? NO_BYTES);
  return {
    size: firstId + tokens.length,
    kindOf: (id) => (id < vocabulary.size ? vocabulary.kindOf(id) : id < firstId ? "unused" : "text"),
    rolesOf: (id) => (id < vocabulary.size ? vocabulary.rolesOf(id) : []),
    idOfRole: (role) => vocabulary.idOfRole(role),
    bytesOf,
    // no file writes it
    tokenOf: (id) => (id < vocabulary.size ? vocabulary.tokenOf(id) : Buffer.from(bytesOf(id)).toString()),
    idsOf(bytes) {
      const own = idOf.get(keyOf(bytes));
      return own === undefined ? vocabulary.idsOf(bytes) : [...vocabulary.idsOf(bytes), own];
    },
    idOfSpecial: (token) => vocabulary.idOfSpecial(token),
    spell(bytes) {
      const ids = vocabulary.spell(bytes);
      return ids && apply({ ids, starts: new Uint8Array(ids.length) });
    },
  };
}

const NO_BYTES = new Uint8Array(0);

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
