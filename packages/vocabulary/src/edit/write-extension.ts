import type { TokenizerDocument } from "../byte-level/tokenizer-document.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { tokenizerFromFiles } from "../tokenizer-from-files.ts";
import type { EditSubject } from "./edit-subject.ts";
import { followFiles } from "./follow-files.ts";
import { isPieceList } from "./is-piece-list.ts";
import type { ModelAdditions, NewAddedToken } from "./new-entries.ts";

/**
 * The tokenizer with entries of its model from `vocabulary.size` on, then added tokens, and merges after its own. Added
 * tokens that a file numbers behind its model keep their ids: they become entries of the model, which only looks at text
 * that holds none of them.
 */
export function writeExtension(
  subject: EditSubject,
  { entries, merges }: ModelAdditions,
  addedTokens: readonly NewAddedToken[],
): Tokenizer {
  const { tokenizer, document } = subject;
  const { size } = tokenizer.vocabulary;
  const added = addedTokens.map((token, place) => addedTokenDocument(token, size + entries.length + place));
  const { model } = document;
  const extended: TokenizerDocument = {
    ...document,
    added_tokens: [...(document.added_tokens ?? []), ...added],
    model: {
      ...model,
      vocab: extendVocab(subject, entries),
      ...(merges.length > 0 && { merges: extendMerges(model.merges ?? [], merges) }),
    },
  };
  const files = followFiles(tokenizer.files, added, (id) => id);
  files.set("tokenizer.json", new TextEncoder().encode(JSON.stringify(extended)));
  return tokenizerFromFiles(files, `${tokenizer.origin}, extended`);
}

function addedTokenDocument(token: NewAddedToken, id: number) {
  const { content, special = true, singleWord = false, lstrip = false, rstrip = false } = token;
  const { normalized = !special } = token;
  return { id, content, single_word: singleWord, lstrip, rstrip, normalized, special };
}

function extendVocab(
  { tokenizer, json, document }: EditSubject,
  entries: ModelAdditions["entries"],
): TokenizerDocument["model"]["vocab"] {
  const { vocab } = document.model;
  const { size } = tokenizer.vocabulary;
  if (!isPieceList(vocab)) {
    return Object.fromEntries([
      ...Object.entries(vocab),
      ...entries.map(({ piece }, place) => [piece, size + place] as const),
    ]);
  }
  if (entries.length === 0) return vocab;
  // A list has no holes: what is numbered between it and the new entries must be in it.
  const lowest = vocab.reduce((least, [, score]) => Math.min(least, score), 0);
  const between = json.added
    .filter(({ id }) => id >= vocab.length)
    .sort((a, b) => a.id - b.id)
    .map(({ content }) => [content, lowest] as const);
  return [...vocab, ...between, ...entries.map(({ piece, score = lowest }) => [piece, score] as const)];
}

/** In the file's own way to write them. */
function extendMerges(
  old: NonNullable<TokenizerDocument["model"]["merges"]>,
  merges: ModelAdditions["merges"],
): NonNullable<TokenizerDocument["model"]["merges"]> {
  const areStrings = typeof old[0] === "string";
  return [...old, ...merges.map((pair) => (areStrings ? pair.join(" ") : pair))];
}
