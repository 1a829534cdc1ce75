import { RevocabError, type TokenId, type Vocabulary } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import { loneBytes } from "./lone-bytes.ts";
import { type Utf8State, utf8StateAfter } from "./utf8-state.ts";

/** Which tokens the tokenizer itself could write after others. */
export interface TokenSuccession {
  /** Whether the tokenizer could write `token` right after `before`, the last tokens of a text or all of them. */
  follows(before: readonly TokenId[], token: TokenId): Promise<boolean>;
  /** [V] 1 for every token that could follow; judged by no more tokens than it takes, as it is kept for all that end so. */
  allAfter(before: readonly TokenId[]): Promise<Uint8Array>;
  /** Whether a text may end after `before`. */
  mayEnd(before: readonly TokenId[]): Promise<boolean>;
  /** Whether the tokenizer puts a space before every text. */
  readonly putsSpaceFirst: boolean;
}

/**
 * Tokens may follow each other when the tokenizer, given their bytes, writes just these tokens. For BPE every sequence
 * of such neighbours is an encoding of its text, because a merge looks at two neighbours only.
 *
 * Tokenizers that first cut the text by a pattern (GPT-2's and its kin) are asked themselves, from the last token with
 * a letter on: `'` `s` is one token alone, and two after `!`. They are asked twice: for the bytes alone and with a letter
 * behind, for `\s+(?!\S)` cuts `\n\n` in two before a letter and not at the end. All others, and bytes that end inside
 * a character, are spelled by the vocabulary's own merges.
 * @throws RevocabError `unsupported_tokenizer` for WordPiece, which does not keep the spaces of a text
 */
export async function tokenSuccession(tokenizer: Tokenizer): Promise<TokenSuccession> {
  const known = successions.get(tokenizer);
  if (known !== undefined) return known;
  const made = makeSuccession(tokenizer);
  successions.set(tokenizer, made);
  return made;
}

const successions = new WeakMap<Tokenizer, Promise<TokenSuccession>>();

async function makeSuccession(tokenizer: Tokenizer): Promise<TokenSuccession> {
  const { vocabulary, family, origin } = tokenizer;
  if (family === "wordpiece") {
    throw new RevocabError(
      "unsupported_tokenizer",
      `${origin}: found a WordPiece tokenizer, expected one that keeps every byte of a text`,
      { hint: "byte-level probabilities are for BPE, Unigram and character tokenizers" },
    );
  }
  const putsSpaceFirst = vocabulary.bytesOf((await tokenizer.encode("a"))[0] ?? -1)[0] === SPACE;
  const asksTokenizer = family === "byte-level-bpe" && !putsSpaceFirst;
  const isDeadEnd = loneBytes(vocabulary);
  const masks = new Map<string, Uint8Array>();
  const probe = asksTokenizer ? await probeOf(tokenizer) : "";
  const hasLetter = letterFinder(vocabulary);
  const windowOf = (before: readonly TokenId[], others: number): readonly TokenId[] => {
    if (!asksTokenizer) return lastTokens(vocabulary, before, others);
    let count = 1;
    while (count < LOOK_BACK && count < before.length && !hasLetter(before[before.length - count])) count++;
    return lastTokens(vocabulary, before, count);
  };

  const isWritten = async (tokens: readonly TokenId[], bytes: Uint8Array, state: Utf8State) => {
    if (state < 0 || isDeadEnd(bytes, state)) return false;
    if (!asksTokenizer || state !== 0) return startsWith(vocabulary.spell(bytes), tokens, true);
    const text = DECODER.decode(bytes);
    if (startsWith(await tokenizer.encode(text), tokens, true)) return true;
    return startsWith(await tokenizer.encode(`${text}${probe}`), tokens, false);
  };
  const isAllowed = async (window: readonly TokenId[], token: TokenId, state: Utf8State) => {
    const bytes = vocabulary.bytesOf(token);
    const after = utf8StateAfter(state, bytes);
    if (after < 0) return false;
    if (window.length === 0 && putsSpaceFirst && bytes[0] !== SPACE) return false;
    return isWritten([...window, token], joined(vocabulary, [...window, token]), after);
  };

  return {
    putsSpaceFirst,
    follows(before, token) {
      const window = windowOf(before, LOOK_BACK);
      return isAllowed(window, token, utf8StateAfter(0, joined(vocabulary, window)));
    },
    async allAfter(before) {
      const window = windowOf(before, 1);
      const key = window.join(" ");
      const found = masks.get(key);
      if (found !== undefined) return found;
      const mask = new Uint8Array(vocabulary.size);
      const state = utf8StateAfter(0, joined(vocabulary, window));
      for (let start = 0; start < mask.length; start += AT_ONCE) {
        const ids = Array.from({ length: Math.min(AT_ONCE, mask.length - start) }, (_, i) => start + i);
        const allowed = await Promise.all(
          ids.map((id) => isOrdinary(vocabulary, id) && isAllowed(window, id, state)),
        );
        for (const id of ids) mask[id] = allowed[id - start] ? 1 : 0;
      }
      if (masks.size * mask.length > MASK_BYTES) masks.delete(masks.keys().next().value!);
      masks.set(key, mask);
      return mask;
    },
    async mayEnd(before) {
      const window = windowOf(before, 1);
      const bytes = joined(vocabulary, window);
      if (utf8StateAfter(0, bytes) !== 0) return false;
      if (!asksTokenizer) return true;
      return startsWith(await tokenizer.encode(DECODER.decode(bytes)), window, true);
    },
  };
}

const SPACE = 0x20;
/** The most tokens of context, but for the rest of a cut character. */
const LOOK_BACK = 8;
/** Letters of several scripts, the most common last. */
const LETTERS = ["\u{10400}", "\ua66e", "\u16a0", "\u0180", "q", "a"];
/** Texts given to the library together: it works on several threads. */
const AT_ONCE = 1024;
/** Masks kept: 2 000 last tokens of a vocabulary of 32,000. */
const MASK_BYTES = 64 * 2 ** 20;
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/** A letter that is not joined with a space before it, so that it shows where the pattern cuts. */
async function probeOf({ vocabulary, encode }: Tokenizer): Promise<string> {
  for (const letter of LETTERS) {
    const [first] = await encode(` ${letter}`);
    if (first !== undefined && vocabulary.bytesOf(first).length === 1) return letter;
  }
  return LETTERS[LETTERS.length - 1];
}

function letterFinder(vocabulary: Vocabulary): (id: TokenId) => boolean {
  const known = new Map<TokenId, boolean>();
  return (id) => {
    let has = known.get(id);
    if (has === undefined) {
      has = /\p{L}/u.test(DECODER.decode(vocabulary.bytesOf(id)));
      known.set(id, has);
    }
    return has;
  };
}

function isOrdinary(vocabulary: Vocabulary, id: TokenId): boolean {
  const kind = vocabulary.kindOf(id);
  return kind === "text" || kind === "byte";
}

/** At least `count` of the last tokens, and more until they begin with a whole character. */
function lastTokens(vocabulary: Vocabulary, tokens: readonly TokenId[], count: number): readonly TokenId[] {
  let start = Math.max(0, tokens.length - count);
  while (start > 0 && (vocabulary.bytesOf(tokens[start])[0] & 0xc0) === 0x80) start--;
  return tokens.slice(start);
}

function joined(vocabulary: Vocabulary, tokens: readonly TokenId[]): Uint8Array {
  return Buffer.concat(tokens.map((token) => vocabulary.bytesOf(token)));
}

function startsWith(written: Uint32Array | undefined, tokens: readonly TokenId[], isWhole: boolean): boolean {
  if (written === undefined || written.length < tokens.length) return false;
  if (isWhole && written.length !== tokens.length) return false;
  return tokens.every((token, i) => written[i] === token);
}
