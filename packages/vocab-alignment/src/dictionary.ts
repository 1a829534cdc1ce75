import { isUtf8 } from "node:buffer";
import { quote, RevocabError, showText } from "@revocab/core";
import { readWhole } from "@revocab/files";

/** A word and one translation of it; either may be several words. */
export interface WordPair {
  readonly source: string;
  readonly target: string;
}

export interface Dictionary {
  readonly path: string;
  /** In the order of the file, each once. */
  readonly pairs: readonly WordPair[];
  /** Lines left out because the same pair stood in an earlier one. */
  readonly duplicates: number;
}

/**
 * Reads a bilingual dictionary: UTF-8 lines of `source<TAB>target`. Blank lines, white space around a word and a byte order
 * mark are ignored.
 * @throws RevocabError missing_file, bad_file; bad_text with the number of the first line that is something else
 */
export async function readDictionary(path: string): Promise<Dictionary> {
  const bytes = await readWhole(path, { most: MAXIMUM_BYTES, hint: HINT });
  checkEncoding(path, bytes);
  const pairs: WordPair[] = [];
  const seen = new Set<string>();
  let duplicates = 0;
  for (const [index, line] of new TextDecoder().decode(bytes).split("\n").entries()) {
    if (line.trim() === "") continue;
    const pair = parseLine(line, `${showText(path)}, line ${index + 1}`);
    const key = `${pair.source}\t${pair.target}`;
    if (seen.has(key)) duplicates++;
    else pairs.push(pair);
    seen.add(key);
  }
  if (pairs.length === 0)
    throw new RevocabError("bad_text", `${showText(path)} holds no pair of words`, { hint: HINT });
  return { path, pairs, duplicates };
}

const HINT = "a dictionary has one pair of words a line, with a tab between them: dog<TAB>Hund";

/** The largest published ones are of a few MB. */
const MAXIMUM_BYTES = 256 << 20;

function checkEncoding(path: string, bytes: Uint8Array): void {
  if (isUtf8(bytes)) return;
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const found = bytes.indexOf(NEW_LINE, start);
    const end = found < 0 ? bytes.length : found + 1;
    if (!isUtf8(bytes.subarray(start, end))) break;
    start = end;
  }
  throw new RevocabError("bad_text", `${showText(path)}, line ${line} is not UTF-8`, {
    hint: `convert it, for example with iconv -f LATIN1 -t UTF-8; ${HINT}`,
  });
}

const NEW_LINE = 0x0a;

function parseLine(line: string, place: string): WordPair {
  const sides = line.split("\t").map((side) => side.trim());
  const [source, target] = sides;
  if (sides.length !== 2) {
    const tabs = sides.length === 1 ? "no tab" : `${sides.length - 1} tabs`;
    throw new RevocabError("bad_text", `${place} has ${tabs}, expected one: ${quote(line)}`, { hint: HINT });
  }
  if (source === "" || target === "") {
    const side = source === "" ? "before" : "after";
    throw new RevocabError("bad_text", `${place} has no word ${side} its tab: ${quote(line)}`, {
      hint: HINT,
    });
  }
  return { source, target };
}

export interface Coverage {
  /** All pairs of the dictionary. */
  readonly pairs: number;
  /** Pairs whose source word the source side knows, in any of its case variants. */
  readonly sourceKnown: number;
  /** Pairs whose target word the target side knows, likewise. */
  readonly targetKnown: number;
  /** Pairs of which both are known: the evidence that the dictionary is. */
  readonly bothKnown: number;
}

/** How many pairs of a dictionary each side knows; of word vectors, a word that has one from its n-grams alone is not known. */
export function coverageOf(
  { pairs }: Pick<Dictionary, "pairs">,
  source: KnownWords,
  target: KnownWords,
): Coverage {
  let sourceKnown = 0;
  let targetKnown = 0;
  let bothKnown = 0;
  for (const pair of pairs) {
    const isSource = knownForms(source, pair.source).length > 0;
    const isTarget = knownForms(target, pair.target).length > 0;
    if (isSource) sourceKnown++;
    if (isTarget) targetKnown++;
    if (isSource && isTarget) bothKnown++;
  }
  return { pairs: pairs.length, sourceKnown, targetKnown, bothKnown };
}

/** The places of the case variants of a word that are known, one for each variant. */
export function knownForms(known: KnownWords, word: string): number[] {
  return caseVariants(word).flatMap((variant) => known.indexOf(variant) ?? []);
}

/** The words a resource knows, such as word vectors or the words of a corpus, by their places in it. */
export interface KnownWords {
  /** Undefined for a word it does not know. */
  indexOf(word: string): number | undefined;
}

/**
 * A word as it is, in lower case and in title case; the same string can stand there twice.
 * WECHSEL pairs each of the source with each of the target, so that a pair counts as often as its forms agree.
 */
export function caseVariants(word: string): readonly [string, string, string] {
  const lower = word.toLowerCase();
  return [word, lower, lower.replace(/\p{L}+/gu, titled)];
}

function titled(letters: string): string {
  const [first] = letters;
  return first.toUpperCase() + letters.slice(first.length);
}
