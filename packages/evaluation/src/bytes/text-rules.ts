import type { TokenId } from "@revocab/core";
import type { BpeNeighbours, TextCuts, Tokenizer } from "@revocab/vocabulary";
import { joinedBytes } from "./joined-bytes.ts";
import { type Placed, placedTokens } from "./placed-tokens.ts";
import { strangeCharacters } from "./strange-characters.ts";
import { utf8StateAfter } from "./utf8-state.ts";

/** A byte-level BPE tokenizer in JavaScript: some 10 to 100 times as fast as asking the library text by text. */
export interface TextRules {
  readonly cuts: TextCuts;
  readonly neighbours: BpeNeighbours;
  /** [V] 1 for a token that is the spelling of its own bytes. */
  readonly isAlone: Uint8Array;
  /** Whether the tokenizer writes just these tokens, at the end of a text or inside it; `undefined` where it must be asked. */
  writes(tokens: readonly TokenId[]): boolean | undefined;
  /** The same for the end of a text only. */
  endsWith(tokens: readonly TokenId[]): boolean | undefined;
  /**
   * Whether a text has characters that the library was seen to take otherwise than JavaScript does: its Unicode tables
   * are of another year.
   */
  isStrange(text: string): boolean;
}

/**
 * @param probe a letter that is put behind white space at the end: see `tokenizerWrites`
 * @returns `undefined` for a tokenizer whose way to cut texts is not known, or which does not do on trial what its file says.
 */
export async function textRules(tokenizer: Tokenizer, probe: string): Promise<TextRules | undefined> {
  const { vocabulary } = tokenizer;
  const probeTokens = vocabulary.spell(new TextEncoder().encode(probe));
  const cuts = tokenizer.textCuts();
  const neighbours = cuts && tokenizer.bpeNeighbours();
  if (cuts === undefined || neighbours === undefined) return undefined;
  const strange = await strangeCharacters(tokenizer, cuts);
  if (strange === undefined) return undefined;
  const isAlone = Uint8Array.from({ length: vocabulary.size }, (_, id) => {
    if (vocabulary.kindOf(id) !== "text") return 0;
    if (!neighbours.hasOneTokens) return neighbours.isMerged(id) ? 1 : 0;
    const spelled = vocabulary.spell(vocabulary.bytesOf(id));
    return spelled?.length === 1 && spelled[0] === id ? 1 : 0;
  });
  const isStrange = (text: string): boolean => {
    if (strange.size > 0) for (const character of text) if (strange.has(character)) return true;
    return false;
  };

  /** One piece of the pattern, of the tokens [from, to). */
  const isPiece = (tokens: readonly TokenId[], from: number, to: number): boolean => {
    if (to - from === 1) return isAlone[tokens[from]] === 1;
    for (let i = from + 1; i < to; i++) if (!neighbours.stayApart(tokens[i - 1], tokens[i])) return false;
    return (
      !neighbours.hasOneTokens || !neighbours.isOneToken(joinedBytes(vocabulary, tokens.slice(from, to)))
    );
  };

  /** Follows the pieces of text[from, to), which begins with token `first`: the token after it, −1 if they differ. */
  const follow = (
    { text, ends }: Placed,
    tokens: readonly TokenId[],
    from: number,
    to: number,
    first: number,
  ): number => {
    // What the pattern looks ahead to ends with the stretch.
    const stretch = text.slice(from, to);
    let token = first;
    for (let at = 0; at < stretch.length; ) {
      cuts.piece.lastIndex = at;
      if (!cuts.piece.test(stretch)) return -1;
      at = cuts.piece.lastIndex;
      let last = token;
      while (last < ends.length && ends[last] < from + at) last++;
      if (ends[last] !== from + at || !isPiece(tokens, token, last + 1)) return -1;
      token = last + 1;
    }
    return token;
  };

  const isWritten = (placed: Placed, tokens: readonly TokenId[]): boolean => {
    const { text, ends } = placed;
    if (cuts.forms.some((form) => text.normalize(form) !== text)) return false;
    let from = 0;
    let token = 0;
    for (const { 0: content, index } of cuts.added === undefined ? [] : text.matchAll(cuts.added)) {
      token = follow(placed, tokens, from, index, token);
      from = index + content.length;
      if (token < 0 || tokens[token] !== cuts.idOfAdded.get(content) || ends[token] !== from) return false;
      token++;
    }
    return follow(placed, tokens, from, text.length, token) === tokens.length;
  };

  /** Where the tokens are in their text, if it is one that the rules know all about. */
  const place = (tokens: readonly TokenId[]): Placed | undefined => {
    const bytes = joinedBytes(vocabulary, tokens);
    if (utf8StateAfter(0, bytes) !== 0) return undefined;
    const placed = placedTokens(vocabulary, tokens, bytes);
    return isStrange(placed.text) ? undefined : placed;
  };

  return {
    cuts,
    neighbours,
    isAlone,
    isStrange,
    writes(tokens) {
      const placed = place(tokens);
      if (placed === undefined || isWritten(placed, tokens)) return placed && true;
      if (!/\s$/u.test(placed.text)) return false;
      if (probeTokens === undefined) return undefined;
      const longer = [...tokens, ...probeTokens];
      const longerPlaced = place(longer);
      return longerPlaced && isWritten(longerPlaced, longer);
    },
    endsWith(tokens) {
      const placed = place(tokens);
      return placed && isWritten(placed, tokens);
    },
  };
}
