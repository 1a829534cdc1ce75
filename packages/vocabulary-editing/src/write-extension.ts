import type { Tokenizer } from "@revocab/vocabulary";
import type { TokenizerParts } from "@revocab/vocabulary/internal";
import { isPieceList, type TokenizerDocument } from "@revocab/vocabulary/internal";
import { addedTokenDocument, editedTokenizer, followFiles } from "./edited-tokenizer.ts";
import type { ModelAdditions, NewAddedToken, PromotedToken } from "./new-entries.ts";

/**
 * The tokenizer with entries of its model from `vocabulary.size` on, then added tokens, and merges after its own. Added
 * tokens that a file numbers behind its model keep their ids: they become entries of the model, which only looks at text
 * that holds none of them.
 * @param promoted entries that it has, to be found before the model runs
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
  const raised = promoted.map(({ id, ...token }) =>
    addedTokenDocument(
      token,
      id,
      old.find((entry) => entry.id === id),
    ),
  );
  const added = addedTokens.map((token, place) => addedTokenDocument(token, size + entries.length + place));
  const isRaised = new Map(raised.map((token) => [token.id, token]));
  const known = new Set(old.map(({ id }) => id));
  const { model } = document;
  const extended: TokenizerDocument = {
    ...document,
    added_tokens: [
      ...old.map((token) => isRaised.get(token.id) ?? token),
      ...raised.filter(({ id }) => !known.has(id)),
      ...added,
    ],
    model: {
      ...model,
      vocab: extendVocab(parts, entries),
      ...(merges.length > 0 && { merges: extendMerges(model.merges ?? [], merges) }),
    },
  };
  const files = followFiles(tokenizer.files, [...raised, ...added], (id) => id);
  files.set("tokenizer.json", new TextEncoder().encode(JSON.stringify(extended)));
  return editedTokenizer(tokenizer, files, `${tokenizer.origin}, extended`);
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
