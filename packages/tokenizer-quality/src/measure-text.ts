import type { Job } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import { countIds, type EncodedLine, encodedLines } from "./encode-lines.ts";
import { LETTER_WITHOUT_SPACES } from "./scripts.ts";
import { type TokenStatistics, tokenStatistics } from "./token-statistics.ts";

/** How much a text is, whatever the tokenizer. */
export interface TextSize {
  /** Lines with text. */
  readonly lines: number;
  /** UTF-8 bytes of these lines, without their ends. */
  readonly bytes: number;
  /** Code points. */
  readonly characters: number;
  /** What stands between white space. */
  readonly words: number;
  /** Whether most of its letters are of scripts that put no spaces between words: Han, kana, Thai, Lao, Khmer, Burmese, Tibetan. */
  readonly isWordless: boolean;
}

/** What one tokenizer makes of a text. */
export interface TextQuality extends TokenStatistics {
  /** Compression: bytes of text per token. */
  readonly bytesPerToken: number;
  readonly charactersPerToken: number;
  /** Fertility; null for a text without spaces between words. */
  readonly tokensPerWord: number | null;
  /** Fertility per character. */
  readonly tokensPerCharacter: number;
  /** Tokens beside those of the first tokenizer: below 1 where this one takes fewer. */
  readonly relativeLength: number;
  readonly roundTrips: RoundTrips;
}

/** What lines become when they are encoded and decoded. */
export interface RoundTrips {
  /** Lines that come back as they were. */
  readonly exact: number;
  /** Lines that differ in white space alone. */
  readonly spaces: number;
  /** Lines that differ in white space, case, accents and forms of characters alone. */
  readonly forms: number;
  /** Lines that lose anything else. */
  readonly lost: number;
  /** Unknown tokens, and characters without any token. */
  readonly unknown: number;
  /** The first lines of the worst kind there is, before and after; at most three. */
  readonly examples: readonly { readonly line: string; readonly decoded: string }[];
}

/** The token counts of a text, which texts can be added by. */
export interface MeasuredText {
  readonly size: TextSize;
  /** One for each tokenizer. */
  readonly counts: readonly CountedText[];
}

/** How often each token of one tokenizer is in a text. */
export interface CountedText {
  /** [V] */
  readonly tokens: Float64Array;
  readonly roundTrips: RoundTrips;
}

/**
 * Encodes a text line by line with several tokenizers. Special tokens that a tokenizer puts around texts are left out.
 * @throws RevocabError missing_file; bad_text for a text that is empty or not UTF-8; bad_tokenizer; aborted
 */
export async function measureText(
  { name, path }: { readonly name: string; readonly path: string },
  tokenizers: readonly Tokenizer[],
  job?: Job,
): Promise<MeasuredText> {
  const size = { lines: 0, bytes: 0, characters: 0, words: 0 };
  const letters = { all: 0, withoutSpaces: 0 };
  const counted = tokenizers.map((tokenizer) => ({
    tokens: new Float64Array(tokenizer.vocabulary.size),
    watch: watchRoundTrips(tokenizer),
  }));
  for await (const [line, encoded] of encodedLines(path, tokenizers, { step: `encode ${name}`, job })) {
    size.lines++;
    size.bytes += Buffer.byteLength(line);
    size.characters += lengthOf(line);
    size.words += countOf(line, /\S+/gu);
    letters.all += countOf(line, /\p{L}/gu);
    letters.withoutSpaces += countOf(line, LETTER_WITHOUT_SPACES);
    for (const [place, { tokens, watch }] of counted.entries()) {
      countIds(tokens, encoded[place].ids);
      watch.see(line, encoded[place]);
    }
  }
  return {
    size: { ...size, isWordless: 2 * letters.withoutSpaces > letters.all },
    counts: counted.map(({ tokens, watch }) => ({ tokens, roundTrips: watch.found() })),
  };
}

/** Code points: a pair of surrogates is one. */
function lengthOf(line: string): number {
  return line.length - countOf(line, /[\u{10000}-\u{10ffff}]/gu);
}

function countOf(line: string, pattern: RegExp): number {
  let count = 0;
  pattern.lastIndex = 0;
  while (pattern.exec(line) !== null) count++;
  return count;
}

/** The texts of a measurement as one. */
export function sumTexts(texts: readonly MeasuredText[]): MeasuredText {
  const [first, ...others] = texts;
  return others.reduce(
    (sum, { size, counts }) => ({
      size: {
        lines: sum.size.lines + size.lines,
        bytes: sum.size.bytes + size.bytes,
        characters: sum.size.characters + size.characters,
        words: sum.size.words + size.words,
        isWordless: sum.size.isWordless || size.isWordless,
      },
      counts: counts.map(({ tokens, roundTrips }, place) => ({
        tokens: tokens.map((count, id) => count + sum.counts[place].tokens[id]),
        roundTrips: addRoundTrips(sum.counts[place].roundTrips, roundTrips),
      })),
    }),
    first,
  );
}

function addRoundTrips(a: RoundTrips, b: RoundTrips): RoundTrips {
  return {
    exact: a.exact + b.exact,
    spaces: a.spaces + b.spaces,
    forms: a.forms + b.forms,
    lost: a.lost + b.lost,
    unknown: a.unknown + b.unknown,
    examples: [...a.examples, ...b.examples].slice(0, EXAMPLES),
  };
}

/** The figures of each tokenizer for a text. */
export function textQualities(
  { size, counts }: MeasuredText,
  tokenizers: readonly Tokenizer[],
): readonly TextQuality[] {
  const statistics = counts.map(({ tokens }, place) =>
    tokenStatistics(tokens, tokenizers[place].vocabulary.size),
  );
  return statistics.map((one, place) => ({
    ...one,
    bytesPerToken: size.bytes / one.tokens,
    charactersPerToken: size.characters / one.tokens,
    tokensPerWord: size.isWordless ? null : one.tokens / size.words,
    tokensPerCharacter: one.tokens / size.characters,
    relativeLength: one.tokens / statistics[0].tokens,
    roundTrips: counts[place].roundTrips,
  }));
}

const EXAMPLES = 3;
const LONGEST_EXAMPLE = 200;

/** Compares lines with what they are decoded to. */
function watchRoundTrips({ vocabulary }: Tokenizer) {
  const unknownId = vocabulary.idOfRole("unk");
  const unknown = unknownId === undefined ? undefined : vocabulary.tokenOf(unknownId);
  const found = { exact: 0, spaces: 0, forms: 0, lost: 0, unknown: 0 };
  const examples: Record<Fault, { line: string; decoded: string }[]> = { spaces: [], forms: [], lost: [] };
  return {
    see(line: string, { ids, refused, decoded }: EncodedLine): void {
      found.unknown += refused;
      // a line may name the token itself, as `<|endoftext|>` of GPT-2, which has the role too
      if (unknown !== undefined && !line.includes(unknown)) {
        for (const id of ids) if (id === unknownId) found.unknown++;
      }
      const fault = faultOf(line, decoded);
      if (fault === undefined) {
        found.exact++;
        return;
      }
      found[fault]++;
      if (examples[fault].length < EXAMPLES) {
        examples[fault].push({
          line: line.slice(0, LONGEST_EXAMPLE),
          decoded: decoded.slice(0, LONGEST_EXAMPLE),
        });
      }
    },
    found(): RoundTrips {
      const worst = FAULTS.find((fault) => examples[fault].length > 0);
      return { ...found, examples: worst === undefined ? [] : examples[worst] };
    },
  };
}

/** The worst first. */
const FAULTS = ["lost", "forms", "spaces"] as const;
type Fault = (typeof FAULTS)[number];

function faultOf(line: string, decoded: string): Fault | undefined {
  if (decoded === line) return undefined;
  const [before, after] = [line, decoded].map((text) => text.replaceAll(/\s/gu, ""));
  if (before === after) return "spaces";
  const [plain, plainAfter] = [before, after].map((text) =>
    text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase(),
  );
  return plain === plainAfter ? "forms" : "lost";
}
