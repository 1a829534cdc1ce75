import type { TokenId } from "@revocab/core";
import type { BpeNeighbours, Tokenizer } from "@revocab/vocabulary";
import { joinedBytes } from "./joined-bytes.ts";
import type { QuickMaskAfter } from "./quick-mask.ts";
import { utf8StateAfter } from "./utf8-state.ts";

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
