import type { TokenId, Vocabulary } from "@revocab/core";

/**
 * Whether `target` is `source` itself or `source` with entries added: every id the source uses is the same entry in
 * the target.
 *
 * Rows that belong to no token (holes, padding) then keep their meaning, so they can stay as they are; between other
 * vocabularies a row number says nothing.
 */
export function extendsVocabulary(source: Vocabulary, target: Vocabulary): boolean {
  for (let id = 0; id < source.size; id++) {
    if (source.kindOf(id) !== "unused" && !isSameEntry(source, target, id)) return false;
  }
  return true;
}

/**
 * Whether an id is the same entry in both vocabularies: same kind, same written form, same bytes. Roles do not count:
 * a tokenizer that also uses its `</s>` for padding has gained a role and no entry.
 *
 * `<0x61>` and `a` at the same id are different entries although both stand for the byte 0x61.
 */
export function isSameEntry(source: Vocabulary, target: Vocabulary, id: TokenId): boolean {
  if (id >= source.size || id >= target.size) return false;
  if (target.kindOf(id) !== source.kindOf(id) || target.tokenOf(id) !== source.tokenOf(id)) return false;
  return haveEqualItems(source.bytesOf(id), target.bytesOf(id));
}

function haveEqualItems(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}
