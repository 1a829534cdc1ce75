import type { TokenId } from "@revocab/core";
import type { BpeNeighbours, Tokenizer } from "@revocab/vocabulary";
import type { TextRules } from "./text-rules.ts";
import { joinedBytes, placedTokens, utf8StateAfter } from "./token-bytes.ts";

/** What is known at once of all tokens after a window. */
export interface QuickMask {
  /** [V] 1 for the tokens that may follow, those of `open` aside. */
  readonly mask: Uint8Array;
  /** Tokens that the tokenizer must be asked about, one by one. */
  readonly open: readonly TokenId[];
}

/** The verdicts of all tokens at a window; `undefined` if it has nothing to say of it. */
export type QuickMaskAfter = (window: readonly TokenId[]) => QuickMask | undefined;

/**
 * For a BPE whose texts are not cut (Llama 2's and its kin): a token may follow if its merges and those of the last token
 * never meet. Byte tokens are left open, for a character with a piece of its own is not written in bytes.
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
 * For a byte-level BPE behind a pattern: the pattern is run on the window with each token behind it, and where a piece
 * goes on from the window into the token, their merges must not meet. What is out of the ordinary (added tokens,
 * combining marks, characters cut in two, white space at the end that did not fit) takes the longer way through
 * {@link TextRules.writes}.
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
          // The piece goes into the token: it must be the last, and begin where a token does.
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

    /** Whether tokens [from, to) of the window, and the one behind it, are one token before any merging. */
    function isOneToken(from: number, id: TokenId | undefined, to = window.length): boolean {
      if (!neighbours.hasOneTokens) return false;
      const tokens = window.slice(from, to);
      return neighbours.isOneToken(joinedBytes(vocabulary, id === undefined ? tokens : [...tokens, id]));
    }
  };

  /** Whether half a character may follow: without a look at the pattern, which cannot be run on it. */
  function isBeginning(recent: readonly TokenId[], id: TokenId): boolean {
    if (recent.length === 0) return isAlone[id] === 1;
    if (!neighbours.stayApart(recent[recent.length - 1], id)) return false;
    return !neighbours.hasOneTokens || !neighbours.isOneToken(joinedBytes(vocabulary, [...recent, id]));
  }

  /** Where the last token begins, or the character that it ends. */
  function wholeCharacterAt(window: readonly TokenId[]): number {
    let start = Math.max(0, window.length - 1);
    while (start > 0 && (vocabulary.bytesOf(window[start])[0] & 0xc0) === 0x80) start--;
    return start;
  }

  /** [window] 1 where a token stays apart from the one before. */
  function neighboursOf(window: readonly TokenId[]): Uint8Array {
    return Uint8Array.from(window, (id, i) => (i === 0 || neighbours.stayApart(window[i - 1], id) ? 1 : 0));
  }
}

/** Whether a text ends with the beginning of another. */
function overlaps(text: string, other: string): boolean {
  for (let length = Math.min(text.length, other.length - 1); length > 0; length--) {
    if (text.endsWith(other.slice(0, length))) return true;
  }
  return false;
}

/** The tokens of a byte-level BPE by what it takes to judge them. */
export interface SortedTokens {
  /** Whole characters and nothing out of the ordinary. */
  readonly plain: readonly TokenId[];
  /** Their texts. */
  readonly texts: readonly string[];
  /** [plain] 1 where the text ends in white space. */
  readonly endsInSpace: Uint8Array;
  /** To be judged by the rules, one by one. */
  readonly unusual: readonly TokenId[];
  /** Which the tokenizer must be asked about. */
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
    // Neither its merges nor a rule before them makes this token.
    if (!neighbours.isMerged(id) && isAlone[id] === 0) continue;
    if (state > 0) {
      cutShort.push(id);
      continue;
    }
    const text = DECODER.decode(bytes);
    if (rules.isStrange(text)) strange.push(id);
    // A text in its form has no part that is not.
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

/** What may become one character with what is before it: marks, and the later letters of a Hangul syllable. */
const COMBINING = /^[\p{M}\u1161-\u1175\u11a8-\u11c2]/u;

/** Leaves `lastIndex`, where the next search would begin, alone. */
export function hasMatch(added: RegExp | undefined, text: string): boolean {
  return added !== undefined && text.search(added) >= 0;
}

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });
