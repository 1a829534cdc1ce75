import type { TokenId } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import { joinedBytes } from "./joined-bytes.ts";
import { placedTokens } from "./placed-tokens.ts";
import type { QuickMaskAfter } from "./quick-mask.ts";
import { hasMatch, sortTokens } from "./sort-tokens.ts";
import type { TextRules } from "./text-rules.ts";
import { utf8StateAfter } from "./utf8-state.ts";

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
