import { type Tokenizer, unlessRefused } from "@revocab/vocabulary";

/** Occurrences of characters that a tokenizer cannot write, and the commonest of them. */
export interface LostCharacters {
  readonly count: number;
  /** At most 10, commonest first; words of a tokenizer that loses whole words. */
  readonly examples: readonly string[];
}

/**
 * The characters of a text that a tokenizer, given them alone, turns into its unknown token (`unknown`), or drops or
 * turns into white space without saying so (`dropped`). A tokenizer that has a token for every byte drops none. What it
 * refuses is not judged here: a tokenizer of words refuses most characters, alone.
 */
export async function lostCharacters(
  documents: readonly string[],
  tokenizer: Pick<Tokenizer, "encode" | "normalize" | "vocabulary">,
): Promise<{ readonly unknown: LostCharacters; readonly dropped: LostCharacters }> {
  const unknown = new Map<string, number>();
  const dropped = new Map<string, number>();
  const counts = [...characterCounts(documents)];
  const fates = await Promise.all(counts.map(([character]) => fateOf(character, tokenizer)));
  for (const [index, [character, count]] of counts.entries()) {
    const fate = fates[index];
    if (fate !== "kept") (fate === "unknown" ? unknown : dropped).set(character, count);
  }
  return { unknown: commonest(unknown), dropped: commonest(dropped) };
}

/** The same with what a tokenizer refused and how often, counted in characters. */
export function withRefused(dropped: LostCharacters, refused: ReadonlyMap<string, number>): LostCharacters {
  if (refused.size === 0) return dropped;
  const count = [...refused].reduce((sum, [stretch, times]) => sum + times * [...stretch].length, 0);
  const examples = [...commonest(refused).examples, ...dropped.examples].slice(0, EXAMPLES);
  return { count: dropped.count + count, examples };
}

/** Whether every character of UTF-8 text has bytes that all are tokens. */
export function hasEveryByte({ vocabulary }: Pick<Tokenizer, "vocabulary">): boolean {
  for (let byte = 0x20; byte <= 0xf4; byte++) {
    const isUsed = byte !== 0x7f && byte !== 0xc0 && byte !== 0xc1;
    if (isUsed && vocabulary.idsOf(Uint8Array.of(byte)).length === 0) return false;
  }
  return true;
}

function characterCounts(documents: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const document of documents) {
    for (const character of document) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  return counts;
}

/** Marks (accents) are judged with the letters they stand on, that is, not alone. */
async function fateOf(
  character: string,
  tokenizer: Pick<Tokenizer, "encode" | "normalize" | "vocabulary">,
): Promise<"kept" | "unknown" | "dropped"> {
  if (NOT_JUDGED.test(character) || (await tokenizer.normalize(character)).trim() === "") return "kept";
  const { vocabulary } = tokenizer;
  const ids = await unlessRefused(tokenizer.encode(character));
  if (ids === undefined) return "kept";
  const unknownId = vocabulary.idOfRole("unk");
  if (unknownId !== undefined && ids.includes(unknownId)) return "unknown";
  return ids.some((id) => vocabulary.bytesOf(id).some((byte) => byte > 0x20)) ? "kept" : "dropped";
}

const NOT_JUDGED = /^[\p{White_Space}\p{Mark}\p{Control}\p{Format}]$/u;

function commonest(counts: ReadonlyMap<string, number>): LostCharacters {
  const sorted = [...counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  return {
    count: sorted.reduce((sum, [, count]) => sum + count, 0),
    examples: sorted.slice(0, EXAMPLES).map(([character]) => character),
  };
}

const EXAMPLES = 10;
