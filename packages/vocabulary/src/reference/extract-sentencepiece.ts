import type { ModelProto, Piece } from "../sentencepiece/model-proto.ts";
import { tokenFlags } from "./added-vocabulary.ts";
import type { Rebuild, TokenFlags } from "./class-table.ts";

export interface ExtractedModel {
  /** A tokenizer.json with the vocabulary and the components of the plain class. */
  readonly tokenizerJson: string;
  /** Control pieces and user-defined symbols, which become further special tokens. */
  readonly tokens: readonly TokenFlags[];
  /** Named tokens that the plain class takes from the model unless a file has them. */
  readonly names: Readonly<Record<string, string>>;
  /** The id of the unknown piece, which some classes use. */
  readonly unknown: number;
}

/**
 * The tokenizer that the reference library makes from the SentencePiece model of a folder without tokenizer.json: the pieces
 * with their ids and, for a BPE, every split of a piece into two pieces as a merge, in the order of the ids. This differs from
 * the SentencePiece program (for that see `convertSentencePiece`), but models of that library are trained and run with it.
 */
export function extractSentencePiece(proto: ModelProto, rebuild: Rebuild | undefined): ExtractedModel {
  const { pieces, trainer, normalizer } = proto;
  const type = rebuild?.model ?? (trainer.algorithm === "unigram" ? "Unigram" : "BPE");
  const charsmap = Buffer.from(normalizer.charsmap).toString("base64");
  const precompiled = charsmap === "" ? [] : [{ type: "Precompiled", precompiled_charsmap: charsmap }];
  const space = { type: "Replace", pattern: { String: " " }, content: "▁" };
  const mark = { type: "Replace", pattern: { String: "▁" }, content: " " };
  const bytes = trainer.byteFallback ? [{ type: "ByteFallback" }, { type: "Fuse" }] : [];
  const unknown = pieces.findIndex((piece) => piece.type === "unknown");
  const control = (text: string) => pieces.some((piece) => piece.type === "control" && piece.text === text);
  const document = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: {
      type: "Sequence",
      normalizers: [...precompiled, ...(rebuild === undefined ? [space] : [])],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: rebuild === undefined ? { type: "Sequence", decoders: [mark, ...bytes] } : null,
    model:
      type === "BPE"
        ? {
            type,
            dropout: null,
            unk_token: trainer.unkPiece,
            continuing_subword_prefix: null,
            end_of_word_suffix: null,
            fuse_unk: true,
            byte_fallback: trainer.byteFallback,
            ignore_merges: false,
            vocab: Object.fromEntries(pieces.map(({ text }, id) => [text, id])),
            merges: mergesById(pieces),
          }
        : {
            type,
            unk_id: unknown,
            vocab: pieces.map(({ text, score }) => [text, score]),
            byte_fallback: trainer.byteFallback,
          },
  };
  return {
    tokenizerJson: JSON.stringify(document),
    tokens: pieces
      .filter((piece) => piece.type === "control" || piece.type === "userDefined")
      .map(({ text, type }) => tokenFlags(text, { normalized: false, special: type === "control" })),
    unknown,
    names: {
      ...(control(trainer.bosPiece) && { bos_token: trainer.bosPiece }),
      ...(control(trainer.eosPiece) && { eos_token: trainer.eosPiece }),
      ...(unknown >= 0 && { unk_token: trainer.unkPiece }),
    },
  };
}

/** Ordered by the id of the merged piece, then by the lengths of its parts. */
function mergesById(pieces: readonly Piece[]): [string, string][] {
  const idOf = new Map(pieces.map(({ text }, id) => [text, id]));
  const merges: { readonly pair: [string, string]; readonly order: readonly number[] }[] = [];
  for (const [text, id] of idOf) {
    const characters = Array.from(text);
    for (let at = 1; at < characters.length; at++) {
      const pair: [string, string] = [characters.slice(0, at).join(""), characters.slice(at).join("")];
      const [left, right] = pair.map((part) => idOf.get(part));
      if (left === undefined || right === undefined) continue;
      merges.push({ pair, order: [id, at, characters.length - at] });
    }
  }
  return merges
    .sort(({ order: a }, { order: b }) => a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!)
    .map(({ pair }) => pair);
}
