import type { TokenId, Vocabulary } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import { COMPLETIONS, joinedBytes, type Utf8State, utf8StateAfter } from "./token-bytes.ts";

export interface TokenizerWrites {
  /** Whether the tokenizer writes just these tokens for their bytes, at the end of a text or inside it. */
  writes(tokens: readonly TokenId[]): Promise<boolean>;
  /** The same for the end of a text only. */
  endsWith(tokens: readonly TokenId[]): Promise<boolean>;
  /**
   * The last tokens that have a say in what follows: `short` for most purposes, `long` where there is little to judge.
   * They begin with a whole character.
   */
  contextOf(before: readonly TokenId[], length: "short" | "long"): readonly TokenId[];
  /** Whether the tokenizer itself is asked. */
  readonly asksTokenizer: boolean;
  /** What is put behind white space to ask; "" where nothing is asked. */
  readonly probe: string;
}

/**
 * A tokenizer that first cuts the text by a pattern (GPT-2's and its kin) is asked itself, from the last token with a
 * letter on, for `'` `s` is one token alone and two after `!`. Where the bytes end in white space it is asked again with
 * a letter behind, for `\s+(?!\S)` cuts `\n\n` in two before a letter and not at the end. For all others, and for bytes
 * that end inside a character, the vocabulary's own spelling decides.
 */
export async function tokenizerWrites(
  tokenizer: Tokenizer,
  putsSpaceFirst: boolean,
): Promise<TokenizerWrites> {
  const { vocabulary, family, encode } = tokenizer;
  const isDeadEnd = loneBytes(vocabulary);
  const hasLetter = letterFinder(vocabulary);
  // A space put before the piece of a text would change it.
  const asksTokenizer = family === "byte-level-bpe" && !putsSpaceFirst;
  const probe = asksTokenizer ? await probeOf(tokenizer) : "";
  return {
    asksTokenizer,
    probe,
    async writes(tokens) {
      const bytes = joinedBytes(vocabulary, tokens);
      const state = utf8StateAfter(0, bytes);
      if (isDeadEnd(bytes, state)) return false;
      if (!asksTokenizer) return isWhole(vocabulary.spell(bytes), tokens);
      if (state !== 0) {
        // Farther back the pattern has cut, which the spelling does not know of.
        const recent = tokens.slice(wholeCharacterAt(tokens, tokens.length - 2));
        return isWhole(vocabulary.spell(joinedBytes(vocabulary, recent)), recent);
      }
      const text = DECODER.decode(bytes);
      if (isWhole(await encode(text), tokens)) return true;
      return /\s$/u.test(text) && isStart(await encode(`${text}${probe}`), tokens);
    },
    async endsWith(tokens) {
      const bytes = joinedBytes(vocabulary, tokens);
      if (utf8StateAfter(0, bytes) !== 0) return false;
      return !asksTokenizer || isWhole(await encode(DECODER.decode(bytes)), tokens);
    },
    contextOf(before, length) {
      let count = asksTokenizer || length === "short" ? 1 : LOOK_BACK;
      if (asksTokenizer) {
        while (count < LOOK_BACK && count < before.length && !hasLetter(before[before.length - count]))
          count++;
      }
      return before.slice(wholeCharacterAt(before, before.length - count));
    },
  };

  /** The last place at `place` or before whose token does not begin inside a character. */
  function wholeCharacterAt(tokens: readonly TokenId[], place: number): number {
    let start = Math.max(0, place);
    while (start > 0 && (vocabulary.bytesOf(tokens[start])[0] & 0xc0) === 0x80) start--;
    return start;
  }
}

/** The most tokens of context, but for the rest of a cut character. */
const LOOK_BACK = 8;
/** Letters of several scripts, the most common last. */
const LETTERS = ["\u{10400}", "\ua66e", "\u16a0", "\u0180", "q", "a"];
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

function isWhole(written: Uint32Array | undefined, tokens: readonly TokenId[]): boolean {
  return written?.length === tokens.length && isStart(written, tokens);
}

function isStart(written: Uint32Array, tokens: readonly TokenId[]): boolean {
  return written.length >= tokens.length && tokens.every((token, i) => written[i] === token);
}

/**
 * Tells byte tokens that no text can finish: `<0xC3>` where the vocabulary has a piece for each of the 64 characters
 * that begin with C3, so that none of them is ever written in bytes.
 */
export function loneBytes(vocabulary: Vocabulary): (bytes: Uint8Array, state: Utf8State) => boolean {
  const pieces = new Map<number, number>();
  let hasByteTokens = false;
  for (let id = 0; id < vocabulary.size; id++) {
    if (vocabulary.kindOf(id) === "byte") hasByteTokens = true;
    const bytes = vocabulary.bytesOf(id);
    if (vocabulary.kindOf(id) !== "text" || bytes.length > 4 || bytes[0] < 0xc0) continue;
    if (lengthOfCharacter(bytes[0]) !== bytes.length) continue;
    if (vocabulary.idsOf(bytes)[0] !== id || vocabulary.spell(bytes)?.length !== 1) continue;
    for (let end = 1; end < bytes.length; end++) {
      const key = keyOf(bytes, 0, end);
      pieces.set(key, (pieces.get(key) ?? 0) + 1);
    }
  }
  return (bytes, state) => {
    if (!hasByteTokens || state <= 0) return false;
    let start = bytes.length - 1;
    while (bytes[start] < 0xc0) start--;
    return pieces.get(keyOf(bytes, start, bytes.length)) === COMPLETIONS[state];
  };
}

function lengthOfCharacter(lead: number): number {
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** At most three bytes, the first of them not 0: one number for each. */
function keyOf(bytes: Uint8Array, start: number, end: number): number {
  let key = 0;
  for (let i = start; i < end; i++) key = key * 256 + bytes[i];
  return key;
}
