import { type ProgressListener, quote, RevocabError, type TokenId } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import type { TokenizerParts } from "@revocab/vocabulary/internal";
import { type Corpus, type CorpusWords, corpusWords, withSpared } from "./corpus.ts";
import { openForEditing } from "./edited-tokenizer.ts";
import type { AddedEntry } from "./extend-tokenizer.ts";
import { type LearnedJoins, learnJoins } from "./learn-joins.ts";
import type { ModelAdditions } from "./new-entries.ts";
import { scoreLearned } from "./unigram-additions.ts";
import { textsWith, whyUnreachable } from "./why-unreachable.ts";
import { writeExtension } from "./write-extension.ts";

export interface LearningOptions {
  readonly tokenizer: Tokenizer;
  readonly corpus: Corpus;
  /** How many pieces to add. */
  readonly count: number;
  /** How often the corpus must have what becomes a piece. @default 2 */
  readonly minimumCount?: number;
  /**
   * A text that is to be written as before, such as one in a language that the model has already: pairs are joined that are
   * {@link SPARING} times as frequent in the corpus.
   * @default none
   */
  readonly spare?: Corpus;
  readonly abortSignal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

export interface LearnedTokenizer {
  readonly tokenizer: Tokenizer;
  /** Ids from the old `vocabulary.size` on, the most frequent first. */
  readonly added: readonly AddedEntry[];
}

/**
 * Adds the pieces to a tokenizer that its own training would learn next from a corpus. Pairs of pieces are counted in what
 * the tokenizer makes of each word, and the most frequent is joined, again and again:
 * - BPE: these are its next merges, after all old ones;
 * - WordPiece: the joined pieces become entries;
 * - Unigram: more are joined, half as many again to begin with; those stay that are used most when the best spelling of each word is looked for,
 *   and the score of each is the logarithm of its share of all tokens, or just above its other spelling if that is more.
 *
 * Characters that the tokenizer lacks are not learned. Every piece is proven to be reached in the tokenizers library.
 * @throws RevocabError `bad_text` for a corpus with too few pairs, `bad_options`, `unsupported_tokenizer`, `aborted`
 */
export async function learnPieces({
  tokenizer,
  corpus,
  count,
  minimumCount = 2,
  spare,
  abortSignal,
  onProgress,
}: LearningOptions): Promise<LearnedTokenizer> {
  requireWhole("count", count);
  requireWhole("minimumCount", minimumCount);
  const parts = openForEditing(tokenizer);
  const joiner = await pieceJoiner(parts);
  onProgress?.({ type: "step", step: "count words" });
  const counted = await corpusWords(parts, corpus, abortSignal);
  const spared = spare === undefined ? undefined : await corpusWords(parts, spare, abortSignal);
  const words = spared === undefined ? counted.words : withSpared(counted.words, spared.words);
  const sparing = spared === undefined ? 0 : (SPARING * counted.tokens) / spared.tokens;
  onProgress?.({ type: "step", step: "learn pieces" });
  const isUnigram = parts.json.model.type === "Unigram";
  const join = (pieces: number): LearnedJoins =>
    learnJoins(words, {
      pieces,
      minimumCount,
      firstId: tokenizer.vocabulary.size,
      written: (id) => tokenizer.vocabulary.tokenOf(id),
      join: joiner,
      mayJoin: (times, timesSpared) => timesSpared === 0 || times >= timesSpared * sparing,
      onPiece(done) {
        if (abortSignal?.aborted) throw new RevocabError("aborted", "aborted while learning pieces");
        if (done % 100 === 0)
          onProgress?.({ type: "progress", step: "learn pieces", done, total: pieces, unit: "tokens" });
      },
    });
  const additions = isUnigram
    ? usedAdditions(parts, counted, count, join)
    : joinedAdditions(parts, join(count));
  if (additions.entries.length < count) {
    throw new RevocabError(
      "bad_text",
      `found ${additions.entries.length} pieces to learn in ${counted.tokens} tokens of text, expected ${count}`,
      {
        hint: `give more text, ask for fewer pieces, or count pairs that occur less than ${minimumCount} times`,
      },
    );
  }
  const extended = writeExtension(parts, additions, []);
  const added = additions.entries.map(({ piece }, place) => ({
    id: tokenizer.vocabulary.size + place,
    token: piece,
    kind: "piece" as const,
  }));
  await requireReached(extended, added);
  return { tokenizer: extended, added };
}

/** In 2,000 pieces this leaves some hundredth of a spared text changed. */
const SPARING = 50;

function requireWhole(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value > 0) return;
  throw new RevocabError("bad_options", `${name} is ${value}, expected a whole number above 0`);
}

function joinedAdditions({ json }: TokenizerParts, { pieces, merges }: LearnedJoins): ModelAdditions {
  return {
    entries: pieces.map(({ piece }) => ({ piece })),
    merges: json.model.type === "BPE" ? merges : [],
  };
}

/** Some joins are only steps to others: more are made until enough are used. */
function usedAdditions(
  parts: TokenizerParts,
  counted: CorpusWords,
  count: number,
  join: (pieces: number) => LearnedJoins,
): ModelAdditions {
  for (let asked = Math.ceil(count * 1.5); ; asked *= 2) {
    const { pieces } = join(asked);
    const additions = scoreLearned(parts, counted, pieces, count);
    if (additions.entries.length === count || pieces.length < asked) return additions;
  }
}

async function requireReached(tokenizer: Tokenizer, added: readonly AddedEntry[]): Promise<void> {
  const { vocabulary, origin } = tokenizer;
  const texts = new Map<TokenId, Iterable<string>>(
    added.map(({ id }) => [id, textsWith(vocabulary.bytesOf(id))] as const),
  );
  const reasons = await whyUnreachable(tokenizer, texts);
  for (const [id, reason] of reasons) {
    throw new RevocabError(
      "unsupported_tokenizer",
      `${origin}: the piece ${quote(vocabulary.tokenOf(id))} was learned but is never used: ${reason}`,
      { hint: "give the pieces you want by name" },
    );
  }
}

/**
 * What two neighbouring pieces make, as the file writes it; undefined where they must stay apart: what they make is a
 * token already, and would then stand in old text, too. Where spaces are marked in pieces there may be no pre-tokenizer, so
 * letters, digits and other marks are kept apart here, as SentencePiece's trainer does.
 * @throws RevocabError `unsupported_tokenizer` for whole words, and for a BPE that marks the edges of words
 */
async function pieceJoiner({
  tokenizer,
  json,
  notation,
}: TokenizerParts): Promise<(left: string, right: string) => string | undefined> {
  const { model } = json;
  const marksEdges = model.type === "BPE" && (model.continuingPrefix !== "" || model.endSuffix !== "");
  if (model.type === "WordLevel" || marksEdges) {
    throw new RevocabError(
      "unsupported_tokenizer",
      `${tokenizer.origin} is a ${tokenizer.family} tokenizer; byte-level BPE, SentencePiece BPE, Unigram or WordPiece was expected`,
      { hint: "give words as added tokens instead" },
    );
  }
  const addedContents = new Set(json.added.map(({ content }) => content));
  const isOld = (piece: string) => json.pieces.idOf(piece) !== undefined || addedContents.has(piece);
  const { continuingPrefix, spaceMark } = notation;
  const withoutPrefix = (piece: string) =>
    piece.slice(piece.startsWith(continuingPrefix) ? continuingPrefix.length : 0);
  const isOneKind =
    spaceMark === undefined ? undefined : (await joinsDigits(tokenizer)) ? ONE_KIND : NO_DIGITS;
  return (left, right) => {
    const piece = left + withoutPrefix(right);
    if (isOld(piece)) return undefined;
    if (isOneKind === undefined) return piece;
    return isOneKind.test(withoutPrefix(piece).replaceAll(spaceMark!, " ")) ? piece : undefined;
  };
}

/**
 * Llama writes numbers digit by digit: a single "00" would change one English token in twenty. Only what a tokenizer makes
 * of numbers tells: a piece such as `▁½`, or one that no text reaches, proves nothing.
 */
async function joinsDigits({ encode, vocabulary }: Tokenizer): Promise<boolean> {
  const ids = await encode(NUMBERS.map((number) => `${number} x${number}`).join(" "));
  return ids.some((id) => /\p{Nd}{2}/u.test(Buffer.from(vocabulary.bytesOf(id)).toString()));
}

/** Every pair of digits, and longer numbers that texts have. */
const NUMBERS = [
  ...Array.from({ length: 100 }, (_, number) => String(number).padStart(2, "0")),
  "000",
  "1000",
  "1999",
  "2000",
  "2024",
];

const ONE_KIND = /^ ?(?:[\p{L}\p{M}]+|\p{N}+|[^\s\p{L}\p{M}\p{N}]+)$/u;
const NO_DIGITS = /^ ?(?:[\p{L}\p{M}]+|[^\s\p{L}\p{M}\p{N}]+)$/u;
