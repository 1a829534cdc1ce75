import type { TokenId } from "@revocab/core";
import { randomStream } from "@revocab/matrix";
import type { TextCuts, Tokenizer } from "@revocab/vocabulary";

/**
 * Tries a tokenizer's cuts, as JavaScript makes them, on texts of its own tokens, and on each of its characters between
 * a letter, a digit, a sign and white space. The characters that it was seen to take otherwise; `undefined` if the
 * difference is one of more than characters.
 */
export async function strangeCharacters(
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
  // Letters, signs and white space that every text has: the pattern itself must be another.
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

/** The tokens that are whole characters. */
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

/** The ids of a text: its form, its added tokens, the pieces of what lies between, and the spelling of each piece. */
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
