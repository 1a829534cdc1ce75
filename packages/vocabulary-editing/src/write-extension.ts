import type { Tokenizer } from "@revocab/vocabulary";
import { isPieceList, type TokenizerDocument, type TokenizerParts } from "@revocab/vocabulary/internal";
import { addedTokenDocument, editedTokenizer, followFiles } from "./edited-tokenizer.ts";
import type { ModelAdditions, NewAddedToken, PromotedToken } from "./new-entries.ts";

/**
 * The tokenizer with new model entries from id `vocabulary.size` on, new added tokens after them, and new merges after the
 * old ones. Old added tokens with ids beyond the model keep their ids by becoming model entries too. That changes no
 * encoding, as the model never sees text that holds one of them.
 * @param promoted ordinary entries that become added tokens
 */
export function writeExtension(
  parts: TokenizerParts,
  { entries, merges }: ModelAdditions,
  addedTokens: readonly NewAddedToken[],
  promoted: readonly PromotedToken[] = [],
): Tokenizer {
  const { tokenizer, document } = parts;
  const { size } = tokenizer.vocabulary;
  const old = document.added_tokens ?? [];
  const promotedEntries = promoted.map(({ id, ...token }) =>
    addedTokenDocument(
      token,
      id,
      old.find((entry) => entry.id === id),
    ),
  );
  const added = addedTokens.map((token, place) => addedTokenDocument(token, size + entries.length + place));
  const promotedOf = new Map(promotedEntries.map((token) => [token.id, token]));
  const known = new Set(old.map(({ id }) => id));
  const { model } = document;
  const extended: TokenizerDocument = {
    ...document,
    added_tokens: [
      ...old.map((token) => promotedOf.get(token.id) ?? token),
      ...promotedEntries.filter(({ id }) => !known.has(id)),
      ...added,
    ],
    model: {
      ...model,
      vocab: extendVocab(parts, entries),
      ...(merges.length > 0 && { merges: extendMerges(model.merges ?? [], merges) }),
    },
  };
  const files = followFiles(tokenizer.files, [...promotedEntries, ...added], (id) => id);
  return editedTokenizer(tokenizer, { files, document: extended, origin: `${tokenizer.origin}, extended` });
}

function extendVocab(
  { tokenizer, json, document }: TokenizerParts,
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
  // A list has no holes: added tokens with ids between the list and the new entries must be in it.
  const lowest = vocab.reduce((least, [, score]) => Math.min(least, score), 0);
  const between = json.added
    .filter(({ id }) => id >= vocab.length)
    .sort((a, b) => a.id - b.id)
    .map(({ content }) => [content, lowest] as const);
  return [...vocab, ...between, ...entries.map(({ piece, score = lowest }) => [piece, score] as const)];
}

/** As strings or as pairs, whichever the file has. */
function extendMerges(
  old: NonNullable<TokenizerDocument["model"]["merges"]>,
  merges: ModelAdditions["merges"],
): NonNullable<TokenizerDocument["model"]["merges"]> {
  const areStrings = typeof old[0] === "string";
  return [...old, ...merges.map((pair) => (areStrings ? pair.join(" ") : pair))];
}
