import { basename } from "node:path";
import { RevocabError, type TokenId, type Vocabulary } from "@revocab/core";
import { displayToken } from "@revocab/vocabulary";
import type { Hypernetwork } from "./open-hypernetwork.ts";

/** Published hypernetworks name a few byte tokens otherwise than their models do; another model's tokens differ in most. */
const MOST_DIFFERENT = 0.05;

/**
 * The vocabulary a hypernetwork spells with, for this source model: its ids are the model's. Tokens that the source has
 * no more (a test hides them to see how well they are predicted) are not spelled with either.
 * @throws RevocabError `shape_mismatch` when the tokens are those of another model
 */
export function checkVocabulary(
  { directory, config, tokenizer }: Hypernetwork,
  source: Vocabulary,
): Vocabulary {
  const own = tokenizer.vocabulary;
  const hidden = new Set<TokenId>();
  let compared = 0;
  const different: TokenId[] = [];
  for (let id = 0; id < Math.min(own.size, config.sourceRows, source.size); id++) {
    const isText = own.kindOf(id) === "text" || own.kindOf(id) === "byte";
    const kind = source.kindOf(id);
    if (kind === "unused") {
      if (isText) hidden.add(id);
    } else if (isText && kind !== "special") {
      compared++;
      if (!areEqual(own.bytesOf(id), source.bytesOf(id))) different.push(id);
    }
  }
  if (compared > 0 && different.length <= MOST_DIFFERENT * compared) {
    return hidden.size === 0 ? own : tokenizer.vocabularyWithout(hidden);
  }
  const [id] = different;
  throw new RevocabError(
    "shape_mismatch",
    `the tokens of the hypernetwork ${basename(directory)} are not those of this model: ${different.length} of ${compared} ids stand for other bytes` +
      (id === undefined
        ? ""
        : `, such as ${id}: "${displayToken(own, id)}" and "${displayToken(source, id)}"`),
    { hint: "a hypernetwork fits one base model and its fine-tunes: use the one for this model" },
  );
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
