import { type Job, type TokenId, throwIfAborted, type Vocabulary } from "@revocab/core";
import type { TokenStream } from "./token-stream.ts";
import type { TokenSuccession } from "./token-succession.ts";

/** A sequence of tokens that stands for the first `offset` bytes of the stream; a state's parent has one token less. */
export interface CoverState {
  /** Its place in the list, greater than its parent's. */
  readonly index: number;
  readonly parent: CoverState | undefined;
  /** The last token; −1 for the state without tokens. */
  readonly token: TokenId;
  /** How many tokens of text. */
  readonly depth: number;
  readonly offset: number;
  /** The beginning of what the tokenizer writes for this very text: never in doubt. */
  readonly isCanonical: boolean;
  readonly children: CoverState[];
  /** Tokens that stand for the next bytes of the stream, but which the tokenizer would not write here. */
  readonly refused: TokenId[];
}

/**
 * All valid sequences of tokens that end inside the stream or at its end. For BPE there is at most one for every
 * offset, so the tree is no larger than the text is long.
 * @param start tokens at the start that are given, not predicted: 0, or 1 for a model without BOS
 */
export async function coverTree({
  stream,
  start,
  longest,
  vocabulary,
  succession,
  job,
}: {
  readonly stream: TokenStream;
  readonly start: 0 | 1;
  readonly longest: number;
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
    for (const state of endingAt[offset]) {
      for (let end = offset + 1; end <= Math.min(bytes.length, offset + longest); end++) {
        for (const token of vocabulary.idsOf(bytes.subarray(offset, end)))
          candidates.push({ state, token, end });
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

/** As much as a succession may look back on: its own window, and the rest of a character cut in four. */
export const RECENT = 16;

/** The last `most` tokens of a state, in the order of the text. */
export function textTokensOf(state: CoverState, most: number = Infinity): TokenId[] {
  const tokens: TokenId[] = [];
  for (let at: CoverState | undefined = state; at !== undefined && tokens.length < most; at = at.parent) {
    if (at.token >= 0) tokens.push(at.token);
  }
  return tokens.reverse();
}
