import type { TokenId, Vocabulary } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import { COMPLETIONS, joinedBytes, type Utf8State, utf8StateAfter } from "./token-bytes.ts";

export interface TokenizerWrites {
  /** Whether the tokenizer writes exactly these tokens for their bytes, at the end of a text or inside it. */
  writes(tokens: readonly TokenId[]): Promise<boolean>;
  /** The same at the end of a text only. */
  endsWith(tokens: readonly TokenId[]): Promise<boolean>;
  /**
   * The last tokens, as far as the next token depends on them; `long` looks back farther, for when few tokens are
   * judged. They begin with a whole character.
   */
  contextOf(before: readonly TokenId[], length: "short" | "long"): readonly TokenId[];
  /** Whether texts are encoded with the tokenizer; otherwise the spelling of the vocabulary decides. */
  readonly encodes: boolean;
  /** A letter to put behind white space at the end; "" where no text is encoded. */
  readonly probe: string;
}

/**
 * A tokenizer with a pre-tokenizer pattern (as GPT-2's) encodes the text of the tokens, from the last token with a letter on:
 * `'s` is one token alone and two after `!`. If the text ends in white space, it is encoded once more with a letter behind,
 * because `\s+(?!\S)` cuts `\n\n` in two before a letter and not at the end. For all other tokenizers, and for bytes that end
 * inside a character, the vocabulary's own spelling decides.
 */
export async function tokenizerWrites(
  tokenizer: Tokenizer,
  putsSpaceFirst: boolean,
): Promise<TokenizerWrites> {
  const { vocabulary, family, encode } = tokenizer;
  const isDeadEnd = deadEnds(vocabulary);
  const hasLetter = letterFinder(vocabulary);
  // A tokenizer that puts a space before every text would change a piece of one.
  const encodes = family === "byte-level-bpe" && !putsSpaceFirst;
  const probe = encodes ? await probeOf(tokenizer) : "";
  return {
    encodes,
    probe,
    async writes(tokens) {
      const bytes = joinedBytes(vocabulary, tokens);
      const state = utf8StateAfter(0, bytes);
      if (isDeadEnd(bytes, state)) return false;
      if (!encodes) return isWhole(vocabulary.spell(bytes), tokens);
      if (state !== 0) {
        // The spelling does not know where the pattern cuts, so it judges the last tokens only.
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
      return !encodes || isWhole(await encode(DECODER.decode(bytes)), tokens);
    },
    contextOf(before, length) {
      let count = encodes || length === "short" ? 1 : LOOK_BACK;
      if (encodes) {
        while (count < LOOK_BACK && count < before.length && !hasLetter(before[before.length - count]))
          count++;
      }
      return before.slice(wholeCharacterAt(before, before.length - count));
    },
  };

  /** The last token at `place` or before that does not begin inside a character. */
  function wholeCharacterAt(tokens: readonly TokenId[], place: number): number {
    let start = Math.max(0, place);
    while (start > 0 && (vocabulary.bytesOf(tokens[start])[0] & 0xc0) === 0x80) start--;
    return start;
  }
}

/** The most tokens of context, besides the rest of a cut character. */
const LOOK_BACK = 8;
/** Letters of several scripts, the most common last. */
const LETTERS = ["\u{10400}", "\ua66e", "\u16a0", "\u0180", "q", "a"];
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/** A letter that makes no token with a space before it, so that it shows where the pattern cuts. */
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
 * Recognizes bytes of byte tokens that no text can complete: `<0xC3>`, where the vocabulary has a token for each of the 64
 * characters that begin with C3, so that the tokenizer writes none of them in bytes.
 */
function deadEnds(vocabulary: Vocabulary): (bytes: Uint8Array, state: Utf8State) => boolean {
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
