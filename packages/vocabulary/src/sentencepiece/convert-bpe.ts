import { quote, RevocabError } from "@revocab/core";
import type { ConvertedModel } from "./conversion.ts";
import { listMerges, listMergesById, type Ties } from "./list-merges.ts";
import type { ModelProto, Piece } from "./model-proto.ts";

/**
 * `program`: the order of the SentencePiece program. `ids`: the order of the reference library for a folder whose only
 * vocabulary is the `.model`. Both are the same if scores fall with the ids, as in trained models.
 */
type MergeOrder = "program" | "ids";

/** The BPE model, with its merges, which the SentencePiece file does not list. */
export function convertBpe({ pieces, trainer }: ModelProto, mergeOrder: MergeOrder): ConvertedModel {
  refuseUnusedPieces(pieces);
  const { merges, ties } = mergeOrder === "ids" ? listMergesById(pieces) : listMerges(pieces);
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
      // A user-defined symbol is split off and looked up as a whole; no merges build it.
      ignore_merges: symbols.length > 0,
      vocab: Object.fromEntries(pieces.map(({ text }, id) => [text, id])),
      merges,
    },
    preTokenizer: symbols.length === 0 ? null : isolate(symbols.map(({ text }) => text)),
    differences: describeDifferences(pieces, { symbolCount: symbols.length, ties, mergeOrder }),
  };
}

function isolate(symbols: readonly string[]): object {
  const longestFirst = symbols.toSorted((left, right) => right.length - left.length);
  const alternatives = longestFirst.map((symbol) => symbol.replace(/[\\^$.*+?()[\]{}|#&\-~\s]/g, "\\$&"));
  return { type: "Split", pattern: { Regex: alternatives.join("|") }, behavior: "Isolated", invert: false };
}

function describeDifferences(
  pieces: readonly Piece[],
  {
    symbolCount,
    ties,
    mergeOrder,
  }: { readonly symbolCount: number; readonly ties: Ties | undefined; readonly mergeOrder: MergeOrder },
): string[] {
  const normal = pieces.filter(({ type }) => type === "normal");
  const texts = new Set(normal.map(({ text }) => text));
  const ragged = normal.filter(
    ({ text }) =>
      !texts.has(text) || (Array.from(text).length > 1 && Array.from(text).some((c) => !texts.has(c))),
  ).length;
  return [
    ...(ties === undefined || (ties.isExact && ties.differing === 0) ? [] : [describeTies(ties, mergeOrder)]),
    ...(ragged > 0 ? [`${ragged} pieces hold a character that is no piece and are never reached`] : []),
    ...(symbolCount > 0
      ? ["the text between two user-defined symbols is looked up whole before it is merged"]
      : []),
  ];
}

function describeTies({ pieces, tried, differing, example }: Ties, mergeOrder: MergeOrder): string {
  const cause =
    mergeOrder === "ids"
      ? `${pieces} pieces have a score that is not below those of lower ids; the reference library merges by id, SentencePiece by score`
      : `${pieces} pieces share their score with another; SentencePiece joins the leftmost of them, which a list of merges cannot always say`;
  const result =
    example === undefined
      ? `all ${tried} texts tried come out the same`
      : `${differing} of ${tried} texts tried come out otherwise, such as ${quote(example.text)}: ${example.listed.join(" · ")}, in SentencePiece ${example.program.join(" · ")}`;
  return `${cause}: ${result}`;
}

/** SentencePiece merges to unused pieces and then splits them again, which a tokenizer.json cannot express. */
function refuseUnusedPieces(pieces: readonly Piece[]): void {
  const unused = pieces.filter(({ text, type }) => type === "unused" && Array.from(text).length > 1);
  if (unused.length === 0) return;
  throw new RevocabError(
    "unsupported_tokenizer",
    `the BPE model has ${unused.length} unused pieces, first ${quote(unused[0]!.text)}, expected none`,
    { hint: "remove the unused pieces from the .model file, or mark them normal" },
  );
}
