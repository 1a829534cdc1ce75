import { quote } from "@revocab/core";
import { badTokenizer } from "./bad-tokenizer.ts";
import { parseJson } from "./parse-json.ts";
import type { TokenizerJson } from "./tokenizer-json.ts";

/**
 * The tokenizers library does not read the ids of added tokens: it numbers those that the model lacks one after the
 * other from the *count* of the model's pieces. Where that differs from the file (holes, another order), a model would
 * be fed other ids than the file says. Here such tokens move into `model.vocab`, whose ids the library does keep, so
 * that the ids in the file are the ids in use.
 */
export function pinAddedIds(
  bytes: Uint8Array,
  { added, pieces, model }: Pick<TokenizerJson, "added" | "pieces" | "model">,
  origin: string,
): { readonly bytes: Uint8Array; readonly notes: readonly string[] } {
  const beyond = added.filter(({ content }) => pieces.idOf(content) === undefined);
  const moved = beyond.find(({ id }, place) => id !== pieces.count + place);
  if (moved === undefined) return { bytes, notes: [] };
  const libraryId = pieces.count + beyond.indexOf(moved);
  if (model.type === "Unigram") {
    throw badTokenizer(
      origin,
      `added token ${quote(moved.content)} has id ${moved.id}, but the tokenizers library numbers it ${libraryId}`,
      { hint: `number the added tokens from ${pieces.count} on, in the order of added_tokens` },
    );
  }
  const { model: modelDocument, ...rest } = parseJson(bytes, origin) as {
    model: { vocab: Record<string, number> };
  };
  const vocab = { ...modelDocument.vocab };
  for (const { content, id } of beyond) vocab[content] = id;
  return {
    bytes: new TextEncoder().encode(JSON.stringify({ ...rest, model: { ...modelDocument, vocab } })),
    notes: [
      `${beyond.length} added tokens were moved into model.vocab: the tokenizers library would have numbered ${quote(moved.content)} ${libraryId}, not ${moved.id}`,
    ],
  };
}
