import type { TokenId } from "@revocab/core";
import { renumberPostProcessor } from "../byte-level/renumber-post-processor.ts";
import { type ModelDocument, mergesOf, type TokenizerDocument } from "../byte-level/tokenizer-document.ts";
import type { Tokenizer } from "../tokenizer.ts";
import type { EditSubject } from "./edit-subject.ts";
import { editedTokenizer } from "./edited-tokenizer.ts";
import { followFiles } from "./follow-files.ts";
import { isPieceList } from "./is-piece-list.ts";

/**
 * The tokenizer with new ids, in the order of the old ones; merges of tokens that are no more are left out.
 * @param newIdOf [old size] −1 for a token that is no more
 */
export function writePruned({ tokenizer, json, document }: EditSubject, newIdOf: Int32Array): Tokenizer {
  const isKept = (id: TokenId | undefined) => id !== undefined && newIdOf[id] >= 0;
  const addedTokens = (document.added_tokens ?? [])
    .filter(({ id }) => isKept(id))
    .map((token) => ({ ...token, id: newIdOf[token.id] }));
  const idOf = new Map<string, number>();
  for (let id = 0; id < newIdOf.length; id++) {
    if (isKept(id)) idOf.set(tokenizer.vocabulary.tokenOf(id), newIdOf[id]);
  }
  const { padding } = document;
  const pruned: TokenizerDocument = {
    ...document,
    ...(isPadding(padding) && {
      padding: { ...padding, pad_id: idOf.get(padding.pad_token) ?? padding.pad_id },
    }),
    added_tokens: addedTokens,
    post_processor: renumberPostProcessor(tokenizer, idOf) ?? null,
    model: pruneModel(),
  };
  const files = followFiles(tokenizer.files, [], (id) => (isKept(id) ? newIdOf[id] : undefined));
  files.set("tokenizer.json", new TextEncoder().encode(JSON.stringify(pruned)));
  return editedTokenizer(tokenizer, files, `${tokenizer.origin}, pruned`);

  function pruneModel(): ModelDocument {
    const { model } = document;
    const { vocab, unk_id: unkId } = model;
    if (isPieceList(vocab)) {
      return {
        ...model,
        vocab: vocab.filter((_, id) => isKept(id)),
        ...(typeof unkId === "number" && { unk_id: newIdOf[unkId] }),
      };
    }
    const entries = Object.entries(vocab).filter(([, id]) => isKept(id));
    const isPiece = (piece: string) => isKept(json.pieces.idOf(piece));
    return {
      ...model,
      vocab: Object.fromEntries(entries.map(([piece, id]) => [piece, newIdOf[id]])),
      ...(model.merges !== undefined && { merges: pruneMerges(isPiece) }),
    };
  }

  /** In the file's own way to write them. */
  function pruneMerges(isPiece: (piece: string) => boolean): NonNullable<ModelDocument["merges"]> {
    const { merges = [] } = document.model;
    const areStrings = typeof merges[0] === "string";
    return mergesOf(document.model)
      .filter(([left, right]) => isPiece(left) && isPiece(right) && isPiece(left + right))
      .map((pair) => (areStrings ? pair.join(" ") : pair));
  }
}

function isPadding(padding: unknown): padding is { readonly pad_id: number; readonly pad_token: string } {
  return typeof padding === "object" && padding !== null && "pad_id" in padding && "pad_token" in padding;
}
