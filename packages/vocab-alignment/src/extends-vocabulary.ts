import type { Vocabulary } from "@revocab/core";
import { isSameEntry } from "./is-same-entry.ts";

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
