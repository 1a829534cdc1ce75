import { type Job, quote, RevocabError, type TokenId, throwIfAborted } from "@revocab/core";
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
  /** A pair must occur this often in the corpus to become a piece. @default 2 */
  readonly minimumCount?: number;
  /**
   * A text whose encoding should change as little as possible, such as one in a language that the model knows. A pair that
   * occurs in it is joined only if it is {@link SPARING} times as frequent in the corpus.
   * @default none
   */
  readonly spare?: Corpus;
  readonly job?: Job;
}

export interface LearnedTokenizer {
  readonly tokenizer: Tokenizer;
  /** Ids from the old `vocabulary.size` on, the most frequent first. */
  readonly added: readonly AddedEntry[];
}

/**
 * Adds the pieces that the tokenizer's own training would learn next from a corpus. Every word is encoded, and the most
 * frequent pair of neighbouring tokens is joined, again and again:
 * - BPE: the pairs are its next merges, after all old ones;
 * - WordPiece: the joined pieces become entries;
 * - Unigram: half as many pieces again are joined as candidates. Those that the best spellings of the words use most stay.
 *   The score of each is the logarithm of its share of all tokens, or just above its other spelling if that is more.
 *
 * Characters that the tokenizer lacks are not learned. The tokenizers library is run to prove that every piece is used.
 * @throws RevocabError `bad_text` for a corpus with too few pairs, `bad_options`, `unsupported_tokenizer`, `aborted`
 */
export async function learnPieces({
  tokenizer,
  corpus,
  count,
  minimumCount = 2,
  spare,
  job,
}: LearningOptions): Promise<LearnedTokenizer> {
  requireWhole("count", count);
  requireWhole("minimumCount", minimumCount);
  const parts = openForEditing(tokenizer);
  const joiner = await pieceJoiner(parts);
  job?.onProgress?.({ type: "step", step: "count words" });
  const counted = await corpusWords(parts, corpus, job?.abortSignal);
  const spared = spare === undefined ? undefined : await corpusWords(parts, spare, job?.abortSignal);
  const words = spared === undefined ? counted.words : withSpared(counted.words, spared.words);
  const sparing = spared === undefined ? 0 : (SPARING * counted.tokens) / spared.tokens;
  job?.onProgress?.({ type: "step", step: "learn pieces" });
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
        throwIfAborted(job?.abortSignal);
        if (done % 100 === 0)
          job?.onProgress?.({ type: "progress", step: "learn pieces", done, total: pieces, unit: "tokens" });
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

/** With 2,000 learned pieces, about a hundredth of a spared text is then encoded otherwise. */
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

/** Some joins are only steps to others, so the number of candidates is doubled until enough of them are used. */
function usedAdditions(
  parts: TokenizerParts,
  counted: CorpusWords,
  count: number,
  join: (pieces: number) => LearnedJoins,
): ModelAdditions {
  for (let candidates = Math.ceil(count * 1.5); ; candidates *= 2) {
    const { pieces } = join(candidates);
    const additions = scoreLearned(parts, counted, pieces, count);
    if (additions.entries.length === count || pieces.length < candidates) return additions;
  }
}

async function requireReached(tokenizer: Tokenizer, added: readonly AddedEntry[]): Promise<void> {
  const { vocabulary, origin } = tokenizer;
  const texts = new Map<TokenId, Iterable<string>>(
    added.map(({ id }) => [id, textsWith(vocabulary.bytesOf(id))] as const),
  );
  const reasons = await whyUnreachable(tokenizer, texts);
  for (const [id, { reason }] of reasons) {
    throw new RevocabError(
      "unsupported_tokenizer",
      `${origin}: the piece ${quote(vocabulary.tokenOf(id))} was learned but is never used: ${reason}`,
      { hint: "give the pieces you want by name" },
    );
  }
}

/**
 * Makes the function that joins two neighbouring pieces, as the file writes them. It gives undefined if the result is a token
 * already, which old text would then be encoded with. A tokenizer whose pieces mark spaces may have no pre-tokenizer, so
 * letters, digits and other signs are not joined to each other, as in SentencePiece's trainer.
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
 * Whether the tokenizer has tokens of several digits. Llama encodes numbers digit by digit, where a single new piece "00"
 * would change one English token in twenty. Numbers are encoded to find out: a piece such as `▁½`, or one that no text
 * reaches, proves nothing.
 */
async function joinsDigits({ encode, vocabulary }: Tokenizer): Promise<boolean> {
  const ids = await encode(NUMBERS.map((number) => `${number} x${number}`).join(" "));
  return ids.some((id) => /\p{Nd}{2}/u.test(Buffer.from(vocabulary.bytesOf(id)).toString()));
}

/** Every pair of digits, and some longer numbers. */
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
