import type { Tokenizer } from "@revocab/vocabulary";

/** Occurrences of characters that a tokenizer cannot write, and the commonest of them. */
export interface LostCharacters {
  readonly count: number;
  /** At most 10, commonest first. */
  readonly examples: readonly string[];
}

/**
 * The characters of a text that a tokenizer, given them alone, turns into its unknown token (`unknown`), or drops or
 * turns into white space without saying so (`dropped`). A tokenizer that has a token for every byte drops none.
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
  const ids = await tokenizer.encode(character);
  const unknownId = vocabulary.idOfRole("unk");
  if (unknownId !== undefined && ids.includes(unknownId)) return "unknown";
  return ids.some((id) => vocabulary.bytesOf(id).some((byte) => byte > 0x20)) ? "kept" : "dropped";
}

const NOT_JUDGED = /^[\p{White_Space}\p{Mark}\p{Control}\p{Format}]$/u;

function commonest(counts: ReadonlyMap<string, number>): LostCharacters {
  const sorted = [...counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  return {
    count: sorted.reduce((sum, [, count]) => sum + count, 0),
    examples: sorted.slice(0, 10).map(([character]) => character),
  };
}
