import type { TokenId } from "@revocab/core";
import type { BpeNeighbours, Tokenizer } from "@revocab/vocabulary";
import type { TextRules } from "./text-rules.ts";
import { joinedBytes, placedTokens, utf8StateAfter } from "./token-bytes.ts";

/** Which tokens may follow a window, decided for all tokens at once. */
export interface QuickMask {
  /** [V] 1 for the tokens that may follow, except those of `open`. */
  readonly mask: Uint8Array;
  /** Tokens still to be judged, one by one. */
  readonly open: readonly TokenId[];
}

/** @returns `undefined` for a window that it cannot judge */
export type QuickMaskAfter = (window: readonly TokenId[]) => QuickMask | undefined;

/**
 * For a BPE without a pre-tokenizer pattern (as Llama 2's): a token may follow if no merge joins a part of it with a part of the
 * last token. Byte tokens are left open, because a character with a token of its own is not written in bytes.
 */
export function mergedMask(
  { vocabulary }: Tokenizer,
  neighbours: BpeNeighbours,
  putsSpaceFirst: boolean,
): QuickMaskAfter {
  const texts: TokenId[] = [];
  const inside: TokenId[] = [];
  const bytewise: TokenId[] = [];
  for (let id = 0; id < vocabulary.size; id++) {
    const kind = vocabulary.kindOf(id);
    const bytes = vocabulary.bytesOf(id);
    if ((kind !== "text" && kind !== "byte") || bytes.length === 0) continue;
    const isInside = (bytes[0] & 0xc0) === 0x80;
    if (isInside) inside.push(id);
    else if (kind === "byte") bytewise.push(id);
    else if (utf8StateAfter(0, bytes) >= 0 && (neighbours.isMerged(id) || neighbours.hasOneTokens))
      texts.push(id);
  }
  const isSpelled = (tokens: readonly TokenId[]): boolean => {
    const spelled = vocabulary.spell(joinedBytes(vocabulary, tokens));
    return spelled?.length === tokens.length && tokens.every((token, i) => spelled[i] === token);
  };

  return (window) => {
    const mask = new Uint8Array(vocabulary.size);
    const bytes = joinedBytes(vocabulary, window);
    if (utf8StateAfter(0, bytes) !== 0) return { mask, open: inside };
    if (window.length === 0) {
      for (const id of texts) {
        if (putsSpaceFirst && vocabulary.bytesOf(id)[0] !== SPACE) continue;
        mask[id] = (neighbours.hasOneTokens ? isSpelled([id]) : neighbours.isMerged(id)) ? 1 : 0;
      }
      return { mask, open: bytewise };
    }
    if (!isSpelled(window)) return undefined;
    const last = window[window.length - 1];
    for (const id of texts) {
      if (!neighbours.stayApart(last, id)) continue;
      if (neighbours.hasOneTokens && neighbours.isOneToken(joinedBytes(vocabulary, [...window, id])))
        continue;
      mask[id] = 1;
    }
    return { mask, open: bytewise };
  };
}

const SPACE = 0x20;

/**
 * For a byte-level BPE with a pre-tokenizer pattern: the pattern is run on the window with each token behind it. Where a piece
 * reaches from the window into the token, no merge may join the two. The unusual (added tokens, combining marks, white space at
 * the end that did not match) takes the slower {@link TextRules.writes}.
 */
export function ruledMask(tokenizer: Tokenizer, rules: TextRules): QuickMaskAfter {
  const { vocabulary } = tokenizer;
  const { cuts, neighbours, isAlone } = rules;
  const { plain, texts, endsInSpace, unusual, strange, cutShort, inside } = sortTokens(tokenizer, rules);
  const { piece } = cuts;

  return (window) => {
    const mask = new Uint8Array(vocabulary.size);
    const bytes = joinedBytes(vocabulary, window);
    if (utf8StateAfter(0, bytes) !== 0) return { mask, open: inside };
    const { text: before, ends } = placedTokens(vocabulary, window, bytes);
    if (rules.isStrange(before)) return undefined;

    const last = window[window.length - 1];
    const recent = window.slice(wholeCharacterAt(window));
    if (neighboursOf(recent).every((apart) => apart === 1)) {
      for (const id of cutShort) mask[id] = isBeginning(recent, id) ? 1 : 0;
    }
    const open = [...strange];
    const decide = (id: TokenId): void => {
      const verdict = rules.writes([...window, id]);
      if (verdict === undefined) open.push(id);
      else mask[id] = verdict ? 1 : 0;
    };
    for (const id of unusual) decide(id);

    const isUsual =
      window.every((id) => isAlone[id] === 1 && neighbours.isMerged(id)) &&
      !cuts.forms.some((form) => before.normalize(form) !== before) &&
      !hasMatch(cuts.added, before);
    if (!isUsual) {
      for (const id of plain) decide(id);
      return { mask, open };
    }
    const mayBeginAdded = [...cuts.idOfAdded.keys()].some((content) => overlaps(before, content));
    const meets = neighboursOf(window);
    for (let i = 0; i < plain.length; i++) {
      const id = plain[i];
      const text = before + texts[i];
      if (mayBeginAdded && hasMatch(cuts.added, text)) decide(id);
      else if (isWritten(text, id)) mask[id] = 1;
      else if (endsInSpace[i] === 1) decide(id);
    }
    return { mask, open };

    function isWritten(text: string, id: TokenId): boolean {
      let first = 0;
      for (let at = 0; at < text.length; ) {
        piece.lastIndex = at;
        if (!piece.test(text)) return false;
        at = piece.lastIndex;
        let end = first;
        while (end < ends.length && ends[end] < at) end++;
        if (end === ends.length) {
          // The piece reaches into the token: it must be the last one, and begin where a token does.
          if (at !== text.length) return false;
          for (let i = first + 1; i < end; i++) if (!meets[i]) return false;
          if (first === end) return isAlone[id] === 1;
          return neighbours.stayApart(last, id) && !isOneToken(first, id);
        }
        if (ends[end] !== at) return false;
        for (let i = first + 1; i <= end; i++) if (!meets[i]) return false;
        if (end > first && isOneToken(first, undefined, end + 1)) return false;
        first = end + 1;
      }
      return true;
    }

    /** Whether tokens [from, to) of the window, and the one behind it, are one token together (`ignore_merges`). */
    function isOneToken(from: number, id: TokenId | undefined, to = window.length): boolean {
      if (!neighbours.hasOneTokens) return false;
      const tokens = window.slice(from, to);
      return neighbours.isOneToken(joinedBytes(vocabulary, id === undefined ? tokens : [...tokens, id]));
    }
  };

  /** Whether a token that ends inside a character may follow; judged by merges alone, as the pattern needs whole characters. */
  function isBeginning(recent: readonly TokenId[], id: TokenId): boolean {
    if (recent.length === 0) return isAlone[id] === 1;
    if (!neighbours.stayApart(recent[recent.length - 1], id)) return false;
    return !neighbours.hasOneTokens || !neighbours.isOneToken(joinedBytes(vocabulary, [...recent, id]));
  }

  /** The place of the last token, or of the first token of the character that it ends. */
  function wholeCharacterAt(window: readonly TokenId[]): number {
    let start = Math.max(0, window.length - 1);
    while (start > 0 && (vocabulary.bytesOf(window[start])[0] & 0xc0) === 0x80) start--;
    return start;
  }

  /** [window] 1 where no merge joins a token with the one before. */
  function neighboursOf(window: readonly TokenId[]): Uint8Array {
    return Uint8Array.from(window, (id, i) => (i === 0 || neighbours.stayApart(window[i - 1], id) ? 1 : 0));
  }
}

/** Whether a text ends with a beginning of another. */
function overlaps(text: string, other: string): boolean {
  for (let length = Math.min(text.length, other.length - 1); length > 0; length--) {
    if (text.endsWith(other.slice(0, length))) return true;
  }
  return false;
}

/** The tokens of a byte-level BPE by the way they are judged. */
export interface SortedTokens {
  /** Tokens of whole characters and nothing unusual. */
  readonly plain: readonly TokenId[];
  /** [plain] their texts. */
  readonly texts: readonly string[];
  /** [plain] 1 where the text ends in white space. */
  readonly endsInSpace: Uint8Array;
  /** Tokens that the rules judge one by one: they hold an added token, or begin with a combining character. */
  readonly unusual: readonly TokenId[];
  /** Tokens that only the tokenizer itself can judge: see {@link TextRules.isStrange}. */
  readonly strange: readonly TokenId[];
  /** Tokens that end inside a character. */
  readonly cutShort: readonly TokenId[];
  /** Tokens that begin inside one. */
  readonly inside: readonly TokenId[];
}

export function sortTokens({ vocabulary }: Tokenizer, rules: TextRules): SortedTokens {
  const plain: TokenId[] = [];
  const texts: string[] = [];
  const unusual: TokenId[] = [];
  const strange: TokenId[] = [];
  const cutShort: TokenId[] = [];
  const inside: TokenId[] = [];
  const { cuts, neighbours, isAlone } = rules;
  for (let id = 0; id < vocabulary.size; id++) {
    const bytes = vocabulary.bytesOf(id);
    if (vocabulary.kindOf(id) !== "text" || bytes.length === 0) continue;
    const state = utf8StateAfter(0, bytes);
    if ((bytes[0] & 0xc0) === 0x80) inside.push(id);
    if (state < 0) continue;
    // No text is written with this token: no merges lead to it, nor is it a token by `ignore_merges`.
    if (!neighbours.isMerged(id) && isAlone[id] === 0) continue;
    if (state > 0) {
      cutShort.push(id);
      continue;
    }
    const text = DECODER.decode(bytes);
    if (rules.isStrange(text)) strange.push(id);
    // The normalizer changes this token's text, so no normalized text contains it.
    else if (cuts.forms.some((form) => text.normalize(form) !== text)) continue;
    else if (hasMatch(cuts.added, text) || (cuts.forms.length > 0 && COMBINING.test(text))) unusual.push(id);
    else {
      plain.push(id);
      texts.push(text);
    }
  }
  const endsInSpace = Uint8Array.from(texts, (text) => (/\s$/u.test(text) ? 1 : 0));
  return { plain, texts, endsInSpace, unusual, strange, cutShort, inside };
}

/** Characters that normalization may join with the one before: marks, and the later letters of a Hangul syllable. */
const COMBINING = /^[\p{M}\u1161-\u1175\u11a8-\u11c2]/u;

/** Unlike `test`, does not move `lastIndex`. */
export function hasMatch(added: RegExp | undefined, text: string): boolean {
  return added !== undefined && text.search(added) >= 0;
}

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
