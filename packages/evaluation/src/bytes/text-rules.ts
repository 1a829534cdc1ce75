import type { TokenId } from "@revocab/core";
import { randomStream } from "@revocab/matrix";
import type { BpeNeighbours, TextCuts, Tokenizer } from "@revocab/vocabulary";
import { joinedBytes, type Placed, placedTokens, utf8StateAfter } from "./token-bytes.ts";

/** The rules of a byte-level BPE tokenizer in JavaScript: 10 to 100 times as fast as encoding each text with the library. */
export interface TextRules {
  readonly cuts: TextCuts;
  readonly neighbours: BpeNeighbours;
  /** [V] 1 for a token whose bytes the tokenizer writes as this one token. */
  readonly isAlone: Uint8Array;
  /** Whether the tokenizer writes exactly these tokens, at the end of a text or inside it; `undefined` if the rules cannot tell. */
  writes(tokens: readonly TokenId[]): boolean | undefined;
  /** The same at the end of a text only. */
  endsWith(tokens: readonly TokenId[]): boolean | undefined;
  /**
   * Whether a text has a character that the library and JavaScript treat differently, because their Unicode tables are of
   * different versions.
   */
  isStrange(text: string): boolean;
}

/**
 * @param probe a letter to put behind white space at the end: see `tokenizerWrites`
 * @returns `undefined` for a tokenizer of an unknown pattern, or one that encodes trial texts differently from these rules
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

  /** Whether tokens [from, to) are what BPE writes for one piece of the pattern. */
  const isPiece = (tokens: readonly TokenId[], from: number, to: number): boolean => {
    if (to - from === 1) return isAlone[tokens[from]] === 1;
    for (let i = from + 1; i < to; i++) if (!neighbours.stayApart(tokens[i - 1], tokens[i])) return false;
    return (
      !neighbours.hasOneTokens || !neighbours.isOneToken(joinedBytes(vocabulary, tokens.slice(from, to)))
    );
  };

  /** Cuts text[from, to) into pieces, and compares them with the tokens from `first` on. → the next token, or −1 if they differ. */
  const follow = (
    { text, ends }: Placed,
    tokens: readonly TokenId[],
    from: number,
    to: number,
    first: number,
  ): number => {
    // The pattern must not look ahead beyond the stretch.
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

  /** Where the tokens lie in their text; undefined for a text that the rules cannot judge. */
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

/**
 * Compares the library with these rules on texts of the tokenizer's own tokens, and on each of its characters between a letter,
 * a digit, a sign and white space.
 * @returns the characters that they treat differently; `undefined` if they differ in more than single characters
 */
async function strangeCharacters(
  tokenizer: Tokenizer,
  cuts: TextCuts,
): Promise<ReadonlySet<string> | undefined> {
  const { vocabulary } = tokenizer;
  const texts = textsOf(tokenizer);
  const characters = new Set(texts.join(""));
  const beside = BESIDE.filter((character) => vocabulary.spell(new TextEncoder().encode(character)));
  const probe = (character: string): string =>
    `${beside.map((other) => other + character).join("")}${character}${beside.at(-1) ?? ""}`;
  const isAlike = async (text: string): Promise<boolean> => {
    const expected = encodeByCuts(text, tokenizer, cuts);
    const found = await tokenizer.encode(text);
    return expected?.length === found.length && found.every((id, i) => id === expected[i]);
  };

  const strange = new Set<string>();
  const all = [...characters];
  for (let start = 0; start < all.length; start += AT_ONCE) {
    const some = all.slice(start, start + AT_ONCE);
    if (await isAlike(some.map(probe).join(""))) continue;
    for (const character of some) if (!(await isAlike(probe(character)))) strange.add(character);
  }
  // All Unicode versions agree on ASCII, so the pattern itself must be another.
  if ([...strange].some((character) => character < "\u0080")) return undefined;

  const stream = randomStream(0, 0);
  const known = texts.filter((text) => ![...text].some((character) => strange.has(character)));
  for (let trial = 0; trial < TRIALS; trial++) {
    const drawn = Array.from({ length: DRAWN }, () => known[Math.floor(stream.uniform() * known.length)]);
    if (known.length > 0 && !(await isAlike(drawn.join("")))) return undefined;
  }
  return strange;
}

const BESIDE = ["'", "\n", "1", "!", " ", "a"];
const AT_ONCE = 64;
const TRIALS = 16;
const DRAWN = 200;

/** The texts of tokens that are whole characters. */
function textsOf({ vocabulary }: Tokenizer): string[] {
  const texts: string[] = [];
  for (let id = 0; id < vocabulary.size; id++) {
    if (vocabulary.kindOf(id) !== "text") continue;
    const bytes = vocabulary.bytesOf(id);
    const text = DECODER.decode(bytes);
    if (!text.includes("\ufffd")) texts.push(text);
  }
  return texts;
}

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/** The ids of a text: normalize it, cut out its added tokens, cut the rest into pieces, and spell each piece. */
function encodeByCuts(
  text: string,
  { vocabulary }: Tokenizer,
  { forms, added, idOfAdded, piece }: TextCuts,
): TokenId[] | undefined {
  const ids: TokenId[] = [];
  const normal = forms.reduce((now, form) => now.normalize(form), text);
  const spell = (stretch: string): boolean => {
    for (let at = 0; at < stretch.length; at = piece.lastIndex) {
      piece.lastIndex = at;
      if (!piece.test(stretch)) return false;
      const spelled = vocabulary.spell(new TextEncoder().encode(stretch.slice(at, piece.lastIndex)));
      if (spelled === undefined) return false;
      for (const id of spelled) ids.push(id);
    }
    return true;
  };
  let from = 0;
  for (const { 0: content, index } of added === undefined ? [] : normal.matchAll(added)) {
    if (!spell(normal.slice(from, index))) return undefined;
    ids.push(idOfAdded.get(content)!);
    from = index + content.length;
  }
  return spell(normal.slice(from)) ? ids : undefined;
}
