import { quote, RevocabError } from "@revocab/core";
import { type ConvertedModel, tiedTexts } from "./conversion.ts";
import type { ModelProto, Piece } from "./model-proto.ts";

/** SentencePiece prefers user-defined symbols by giving them about the best possible score. */
const USER_DEFINED_SCORE = -0.1;

/** The Unigram model: the pieces with their scores. In both programs an unknown character has the lowest score − 10. */
export function convertUnigram({ pieces, trainer }: ModelProto): ConvertedModel {
  const unkIsForced = everyCharacterIsPiece(pieces);
  refuseUnusedPieces(pieces, unkIsForced);
  const normal = pieces.filter(({ type }) => type === "normal");
  const lowest = normal.reduce((least, { score }) => Math.min(least, score), 0);
  const highest = normal.reduce((most, { score }) => Math.max(most, score), 0);
  const longest = pieces.reduce((most, { text }) => Math.max(most, text.length), 1);
  // Worse than any spelling in known characters. This also lowers the score of the unknown piece, which matters only if that
  // competes with another spelling.
  const never = unkIsForced ? (lowest - 10) * (longest + 1) : lowest;

  const scoreOf = ({ text, type, score }: Piece): number => {
    if (type === "normal") return score;
    if (type === "userDefined") return Buffer.byteLength(text) * highest + USER_DEFINED_SCORE;
    return never;
  };
  return {
    model: {
      type: "Unigram",
      unk_id: pieces.findIndex(({ type }) => type === "unknown"),
      vocab: pieces.map((piece) => [piece.text, scoreOf(piece)]),
      byte_fallback: trainer.byteFallback,
    },
    preTokenizer: null,
    differences: [
      "path scores are summed in 64-bit floats, in SentencePiece in 32-bit, so near ties may fall otherwise",
      ...describeTies(normal),
      ...(trainer.byteFallback && !canSpellBytePieces(pieces, unkIsForced)
        ? ["the string of a byte piece in a text becomes its id"]
        : []),
    ],
  };
}

/**
 * Reports ties between paths. With 64 bits the sums of a few scores are exact, and the path with the longest last piece wins.
 * With 32 bits they are rounded, and the order of the additions decides.
 */
function describeTies(normal: readonly Piece[]): string[] {
  const holders = new Map<number, number>();
  for (const { score } of normal) holders.set(score, (holders.get(score) ?? 0) + 1);
  const tied = normal.filter(({ score }) => holders.get(score)! > 1).map(({ text }) => text);
  if (tied.length === 0) return [];
  const scoreOf = new Map(normal.map(({ text, score }) => [text, score]));
  const longest = normal.reduce((most, { text }) => Math.max(most, Array.from(text).length), 1);
  const texts = [...tiedTexts(tied), ...rowsOf(tied)];
  const differing = texts.filter((text) => {
    const program = bestPath(text, { scoreOf, longest, round: Math.fround });
    const library = bestPath(text, { scoreOf, longest, round: (sum) => sum });
    return program.join(" ") !== library.join(" ");
  });
  const example = differing.length === 0 ? "" : `, such as ${quote(differing[0])}`;
  return [
    `${tied.length} pieces share their score with another: ${differing.length} of ${texts.length} texts tried come out otherwise than in SentencePiece${example}`,
  ];
}

/** Rounding matters in longer texts: eight pieces in a row, chosen by a linear congruential generator. */
function rowsOf(tied: readonly string[]): string[] {
  const short = tied.filter((text) => text.length <= 64);
  if (short.length === 0) return [];
  let state = 1;
  const pick = (): string => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return short[(state >> 8) % short.length]!;
  };
  return Array.from({ length: 1000 }, () => Array.from({ length: 8 }, pick).join(""));
}

/** Whether all characters of the pieces are pieces: then the unknown piece never competes with another spelling. */
function everyCharacterIsPiece(pieces: readonly Piece[]): boolean {
  const used = pieces.filter(({ type }) => type === "normal" || type === "userDefined");
  const texts = new Set(used.map(({ text }) => text));
  return used.every(({ text }) =>
    Array.from(text).every((character) => texts.has(character) || text === character),
  );
}

function canSpellBytePieces(pieces: readonly Piece[], unkIsForced: boolean): boolean {
  const texts = new Set(pieces.filter(({ type }) => type === "normal").map(({ text }) => text));
  return unkIsForced && Array.from("<0x123456789ABCDEF>").every((character) => texts.has(character));
}

/** An unused piece can get a score too low to be chosen, unless the alternative is the unknown piece, which is still lower. */
function refuseUnusedPieces(pieces: readonly Piece[], unkIsForced: boolean): void {
  const normal = new Set(pieces.filter(({ type }) => type === "normal").map(({ text }) => text));
  const isAvoidable = (text: string) =>
    unkIsForced &&
    Array.from(text).length > 1 &&
    Array.from(text).every((character) => normal.has(character));
  const unavoidable = pieces.filter(({ text, type }) => type === "unused" && !isAvoidable(text));
  if (unavoidable.length === 0) return;
  throw new RevocabError(
    "unsupported_tokenizer",
    `${unavoidable.length} unused pieces of the Unigram model, first ${quote(unavoidable[0]!.text)}, hold characters without a piece of their own; a tokenizer.json cannot say that`,
    { hint: "remove the unused pieces from the .model file, or mark them normal" },
  );
}

/**
 * The pieces of the best path through a text (Viterbi, as in both programs); ties go to the path with the longest last piece.
 * @param round applied to every sum: SentencePiece adds 32-bit floats, the tokenizers library 64-bit floats
 */
function bestPath(
  text: string,
  {
    scoreOf,
    longest,
    round,
  }: {
    readonly scoreOf: ReadonlyMap<string, number>;
    readonly longest: number;
    readonly round: (sum: number) => number;
  },
): string[] {
  const characters = Array.from(text);
  const best = new Float64Array(characters.length + 1).fill(Number.NEGATIVE_INFINITY);
  const startOf = new Int32Array(characters.length + 1).fill(-1);
  best[0] = 0;
  for (let start = 0; start < characters.length; start++) {
    if (best[start] === Number.NEGATIVE_INFINITY) continue;
    let piece = "";
    for (let end = start + 1; end <= characters.length && end - start <= longest; end++) {
      piece += characters[end - 1]!;
      const score = scoreOf.get(piece);
      if (score === undefined) continue;
      const sum = round(best[start]! + score);
      if (startOf[end] !== -1 && sum <= best[end]!) continue;
      best[end] = sum;
      startOf[end] = start;
    }
  }
  const path: string[] = [];
  for (let end = characters.length; end > 0 && startOf[end]! >= 0; end = startOf[end]!) {
    path.unshift(characters.slice(startOf[end], end).join(""));
  }
  return path;
}
