import { RevocabError } from "@revocab/core";
import type { ConvertedModel } from "./converted-model.ts";
import type { ModelProto, Piece } from "./model-proto.ts";

/**
 * The BPE model. SentencePiece stores no merges: it joins the two neighbours whose text together is the piece of the
 * highest score, the leftmost at a tie. So every way to cut a piece into two pieces is a merge, ranked by the score.
 */
export function convertBpe({ pieces, trainer }: ModelProto): ConvertedModel {
  refuseUnusedPieces(pieces);
  const symbols = pieces.filter(({ text, type }) => type === "userDefined" && Array.from(text).length > 1);
  return {
    model: {
      type: "BPE",
      dropout: null,
      unk_token: pieces.find(({ type }) => type === "unknown")!.text,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: trainer.byteFallback,
      // A symbol is cut out whole and then looked up whole; no merges lead to it.
      ignore_merges: symbols.length > 0,
      vocab: Object.fromEntries(pieces.map(({ text }, id) => [text, id])),
      merges: listMerges(pieces),
    },
    preTokenizer: symbols.length === 0 ? null : isolate(symbols.map(({ text }) => text)),
    differences: describeDifferences(pieces, symbols.length),
  };
}

/** Among cuts of one piece the longer left part goes first: in a run of one character the odd one is left at the end. */
function listMerges(pieces: readonly Piece[]): [string, string][] {
  const normal = pieces.filter(({ type }) => type === "normal");
  const mergeable = new Set(normal.map(({ text }) => text));
  return normal
    .toSorted((left, right) => right.score - left.score)
    .flatMap(({ text }) => cuts(text).filter(([left, right]) => mergeable.has(left) && mergeable.has(right)));
}

/** Every cut between two code points, longest left part first. */
function cuts(text: string): [string, string][] {
  const found: [string, string][] = [];
  for (let at = text.length - 1; at > 0; at--) {
    const isInsidePair = /[\uDC00-\uDFFF]/.test(text[at]!);
    if (!isInsidePair) found.push([text.slice(0, at), text.slice(at)]);
  }
  return found;
}

function isolate(symbols: readonly string[]): object {
  const longestFirst = symbols.toSorted((left, right) => right.length - left.length);
  const alternatives = longestFirst.map((symbol) => symbol.replace(/[\\^$.*+?()[\]{}|#&\-~\s]/g, "\\$&"));
  return { type: "Split", pattern: { Regex: alternatives.join("|") }, behavior: "Isolated", invert: false };
}

function describeDifferences(pieces: readonly Piece[], symbolCount: number): string[] {
  const normal = pieces.filter(({ type }) => type === "normal");
  const texts = new Set(normal.map(({ text }) => text));
  const tied = normal.length - new Set(normal.map(({ score }) => score)).size;
  const ragged = normal.filter(
    ({ text }) =>
      !texts.has(text) || (Array.from(text).length > 1 && Array.from(text).some((c) => !texts.has(c))),
  ).length;
  return [
    ...(tied > 0
      ? [`${tied} pieces share their score with another: ties fall by id, in SentencePiece by place`]
      : []),
    ...(ragged > 0 ? [`${ragged} pieces hold a character that is no piece and are never reached`] : []),
    ...(symbolCount > 0
      ? ["the text between two user-defined symbols is looked up whole before it is merged"]
      : []),
  ];
}

/** SentencePiece merges through unused pieces and then takes them apart again; a tokenizer.json cannot say that. */
function refuseUnusedPieces(pieces: readonly Piece[]): void {
  const unused = pieces.filter(({ text, type }) => type === "unused" && Array.from(text).length > 1);
  if (unused.length === 0) return;
  throw new RevocabError(
    "unsupported_tokenizer",
    `the BPE model has ${unused.length} unused pieces, first ${JSON.stringify(unused[0]!.text)}, expected none`,
    { hint: "remove the unused pieces from the .model file, or mark them normal" },
  );
}
