import { type Job, RevocabError, type TokenId, throwIfAborted, type Vocabulary } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import { placesEnding, rangesAlong, type TokenOrder } from "./token-order.ts";
import type { TokenSuccession } from "./token-succession.ts";

/** A text, or the beginning of one, as the bytes that its tokens stand for. */
export interface TokenStream {
  /** The bytes of the text, after the space that the tokenizer puts before it, if any. */
  readonly bytes: Uint8Array;
  /** Bytes before those of the text: 0 or 1. */
  readonly lead: number;
  /** The tokenizer's own tokens, of all whole characters. */
  readonly tokens: Uint32Array;
}

/**
 * @param text bytes that may end inside a character
 * @throws RevocabError `bad_text` when the bytes are no UTF-8, or their tokens stand for other bytes
 */
export async function tokenStream(
  tokenizer: Tokenizer,
  text: Uint8Array,
  putsSpaceFirst: boolean,
): Promise<TokenStream> {
  const whole = text.subarray(0, text.length - unfinishedBytes(text));
  const tokens = whole.length === 0 ? new Uint32Array(0) : await tokenizer.encode(decoded(whole));
  const { vocabulary, origin } = tokenizer;
  const special = tokens.find((token) => vocabulary.kindOf(token) === "special");
  if (special !== undefined) {
    throw new RevocabError(
      "bad_text",
      `${origin}: found the special token ${vocabulary.tokenOf(special)} in the tokens of the text, expected text only`,
      {
        hint: vocabulary.rolesOf(special).includes("unk")
          ? "the tokenizer cannot write some character of this text; its bytes have no probability"
          : "split the text at its special tokens first",
      },
    );
  }
  const spelled = Buffer.concat([...tokens].map((token: TokenId) => vocabulary.bytesOf(token)));
  const lead =
    whole.length === 0
      ? Number(putsSpaceFirst)
      : spelled.length === whole.length + 1 && spelled[0] === SPACE
        ? 1
        : 0;
  const difference = firstDifference(spelled.subarray(whole.length === 0 ? 0 : lead), whole);
  if (difference >= 0) {
    throw new RevocabError(
      "bad_text",
      `${origin}: the tokens of the text stand for other bytes than the text, from byte ${difference} on`,
      { hint: "the tokenizer changes the text (case, Unicode form, spaces); give the text in its own form" },
    );
  }
  return { bytes: Buffer.concat([lead === 1 ? LEAD : NOTHING, text]), lead, tokens };
}

const SPACE = 0x20;
const LEAD = Uint8Array.of(SPACE);
const NOTHING = new Uint8Array(0);

/** How many bytes at the end belong to an unfinished character. */
export function unfinishedBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const needed = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
      return back < needed ? back : 0;
    }
  }
  return 0;
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new RevocabError("bad_text", "found bytes that are no UTF-8 text, expected UTF-8", {
      hint: "a prefix may end inside a character, but not hold a broken one",
      cause,
    });
  }
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const most = Math.max(a.length, b.length);
  for (let i = 0; i < most; i++) if (a[i] !== b[i]) return i;
  return -1;
}

/** A sequence of tokens that stands for the first `offset` bytes of the stream; its parent is the sequence without the last. */
export interface TokenPath {
  readonly parent: TokenPath | undefined;
  /** The last token; −1 for the state without tokens. */
  readonly token: TokenId;
  /** Tokens of the text in it. */
  readonly depth: number;
  readonly offset: number;
  /** True for a beginning of the tokenizer's own tokens, which are always valid. */
  readonly isCanonical: boolean;
}

export interface CoverState extends TokenPath {
  /** Its index in the list, greater than its parent's. */
  readonly index: number;
  readonly parent: CoverState | undefined;
  readonly children: CoverState[];
  /** Tokens that stand for the next bytes of the stream, but that the tokenizer would not write here. */
  readonly refused: TokenId[];
}

/**
 * All valid sequences of tokens that end inside the stream or at its end. BPE has at most one for every offset, so that the
 * tree has no more states than the text has bytes.
 * @param start tokens at the start that are given, not predicted: 0, or 1 for a model without BOS
 */
export async function coverTree({
  stream,
  start,
  order,
  vocabulary,
  succession,
  job,
}: {
  readonly stream: TokenStream;
  readonly start: 0 | 1;
  readonly order: TokenOrder;
  readonly vocabulary: Vocabulary;
  readonly succession: TokenSuccession;
  readonly job?: Job;
}): Promise<readonly CoverState[]> {
  const { bytes, tokens } = stream;
  const first = start === 1 ? tokens[0] : -1;
  const states: CoverState[] = [];
  const endingAt: CoverState[][] = Array.from({ length: bytes.length + 1 }, () => []);
  const add = (parent: CoverState | undefined, token: TokenId, offset: number, isCanonical: boolean) => {
    const depth = parent === undefined ? start : parent.depth + 1;
    const state: CoverState = {
      index: states.length,
      parent,
      token,
      depth,
      offset,
      isCanonical,
      children: [],
      refused: [],
    };
    parent?.children.push(state);
    states.push(state);
    endingAt[offset].push(state);
  };
  add(undefined, first, start === 1 ? vocabulary.bytesOf(first).length : 0, true);

  for (let offset = 0; offset < bytes.length; offset++) {
    throwIfAborted(job?.abortSignal);
    const candidates: { readonly state: CoverState; readonly token: TokenId; readonly end: number }[] = [];
    if (endingAt[offset].length === 0) continue;
    for (const [depth, range] of rangesAlong(order, bytes, offset).entries()) {
      for (const place of placesEnding(order, range, depth)) {
        const token = order.ids[place];
        for (const state of endingAt[offset]) candidates.push({ state, token, end: offset + depth });
      }
    }
    const allowed = await Promise.all(
      candidates.map(
        ({ state, token }) =>
          (state.isCanonical && tokens[state.depth] === token) ||
          succession.follows(textTokensOf(state, RECENT), token),
      ),
    );
    candidates.forEach(({ state, token, end }, i) => {
      if (allowed[i]) add(state, token, end, state.isCanonical && tokens[state.depth] === token);
      else state.refused.push(token);
    });
  }
  return states;
}

/** The most tokens that a `TokenSuccession` looks back at: its window, and the rest of a character cut in four. */
export const RECENT = 16;

/** The last `most` tokens of a state, in the order of the text. */
export function textTokensOf(state: TokenPath, most: number = Infinity): TokenId[] {
  const tokens: TokenId[] = [];
  for (let at: TokenPath | undefined = state; at !== undefined && tokens.length < most; at = at.parent) {
    if (at.token >= 0) tokens.push(at.token);
  }
  return tokens.reverse();
}
