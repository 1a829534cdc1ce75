import type { TokenId, Vocabulary } from "@revocab/core";
import type { Tokenizer } from "./tokenizer.ts";
import { unlessRefused } from "./writable-encoder.ts";

/**
 * - `single-digits`: 1+2+3+4;
 * - `groups-from-left`: groups of three from the left, 123+4;
 * - `groups-from-right`: groups of three from the right, 1+234;
 * - `whole`: 1234 is one token;
 * - `mixed`: none of these fits 95 % of the numbers that the tokenizer can write;
 * - `none`: it can write no number.
 */
export type DigitSchemeName = (typeof DIGIT_SCHEMES)[number];

export type PureScheme = (typeof PURE_SCHEMES)[number];

export const PURE_SCHEMES = ["single-digits", "groups-from-left", "groups-from-right", "whole"] as const;
export const DIGIT_SCHEMES = [...PURE_SCHEMES, "mixed", "none"] as const;

/**
 * How a tokenizer splits the numbers 0 … 9999, after a space and at the beginning of a line. White space that a token has before
 * its digits does not count.
 */
export interface DigitScheme {
  readonly name: DigitSchemeName;
  /** How many of the 10,000 numbers are split as each scheme does, in both places. Short ones fit several. */
  readonly fitting: Readonly<Record<PureScheme, number>>;
  /** Numbers that the tokenizer has no tokens for. */
  readonly unwritable: number;
  /** Numbers that are split otherwise after a space than at the beginning of a line. */
  readonly changedBySpace: number;
  /** Numbers by the lengths of their parts after a space: `{ "1": 10, "2": 90, "3": 900, "2+2": 8600, "1+3": 400 }`. */
  readonly shapes: Readonly<Record<string, number>>;
  /** Of 7, 42, 123, 1234 and 9999: their parts after a space, as `12+34`; null for one that cannot be written. */
  readonly examples: Readonly<Record<string, string | null>>;
}

/** A tokenizer as it is needed here. */
export type NumberWriter = Pick<Tokenizer, "vocabulary" | "encode">;

/**
 * Finds out how a tokenizer splits numbers, by encoding 0 … 9999, each after a space and at the beginning of a line.
 *
 * Example: GPT-4's tokenizer writes 1234 as 123+4 (`groups-from-left`), Llama 2's as 1+2+3+4 (`single-digits`).
 * @throws RevocabError `bad_tokenizer` when the tokenizers library cannot run it
 */
export async function digitScheme(tokenizer: NumberWriter): Promise<DigitScheme> {
  return schemeOf(await splitNumbers(tokenizer));
}

/** How many numbers are looked at: 0 … 9999. */
export const NUMBERS = 10_000;

/** The share of the numbers, of those that can be written, that a scheme must fit to give the tokenizer its name. */
export const FITTING_SHARE = 0.95;

/** Where tokens end within each of 0 … 9999, as a sum: 1 after the first digit, 2 after the second, 4 after the third. */
export interface SplitNumbers {
  /** [10000] At the beginning of a line. */
  readonly plain: Uint8Array;
  /** [10000] */
  readonly afterSpace: Uint8Array;
}

/** In place of ends: the tokenizer cannot write the number. */
const UNWRITABLE = 255;

const SPLITS = new WeakMap<Vocabulary, Promise<SplitNumbers>>();

/** Encodes 0 … 9999 in both places; once for each vocabulary object, for a comparison of methods asks again and again. */
export function splitNumbers(tokenizer: NumberWriter): Promise<SplitNumbers> {
  const known = SPLITS.get(tokenizer.vocabulary);
  if (known !== undefined) return known;
  const splits = splitAfter(tokenizer, "\n").then(async (plain) => ({
    plain,
    afterSpace: await splitAfter(tokenizer, " "),
  }));
  SPLITS.set(tokenizer.vocabulary, splits);
  return splits;
}

/** Numbers that are encoded as one text: by themselves they take eight times as long. */
const PER_TEXT = 250;

/** [10000] the ends in each number where all follow a separator. */
async function splitAfter(tokenizer: NumberWriter, separator: "\n" | " "): Promise<Uint8Array> {
  const texts = Array.from({ length: NUMBERS / PER_TEXT }, (_, text) =>
    Array.from({ length: PER_TEXT }, (_, place) => String(text * PER_TEXT + place)),
  );
  const partOf = partsOfIds(tokenizer.vocabulary);
  const ends = await Promise.all(
    texts.map(async (numbers) => {
      const together = await endsIn(tokenizer, partOf, separator, numbers);
      if (together !== undefined) return together;
      // one number without a token may spoil the text of all; a text begins a line, so that no token for line ends is needed
      const lead = separator === " " ? " " : "";
      const alone = await Promise.all(numbers.map((number) => endsIn(tokenizer, partOf, lead, [number])));
      return alone.map((one) => one?.[0] ?? UNWRITABLE);
    }),
  );
  return Uint8Array.from(ends.flat());
}

/** The ends in each number of a text; undefined where the tokens are not those of the numbers, one after the other. */
async function endsIn(
  { encode }: NumberWriter,
  partOf: (id: TokenId) => string,
  separator: string,
  numbers: readonly string[],
): Promise<readonly number[] | undefined> {
  const ids = await unlessRefused(encode(numbers.map((number) => separator + number).join("")));
  if (ids === undefined) return undefined;
  const parts = Array.from(ids, partOf).filter((part) => part !== "");
  let next = 0;
  const ends: number[] = [];
  for (const number of numbers) {
    let length = 0;
    let own = 0;
    while (length < number.length) {
      const part = parts[next++];
      if (part === undefined || !number.startsWith(part, length)) return undefined;
      length += part.length;
      if (length < number.length) own |= 1 << (length - 1);
    }
    ends.push(own);
  }
  return next === parts.length ? ends : undefined;
}

/** What each id adds to a number. The same few hundred ids come again 100,000 times. */
function partsOfIds(vocabulary: Vocabulary): (id: TokenId) => string {
  const parts = new Map<TokenId, string>();
  return (id) => {
    const known = parts.get(id);
    if (known !== undefined) return known;
    const part = textOf(vocabulary, id).replaceAll(/\s/g, "");
    parts.set(id, part);
    return part;
  };
}

function textOf(vocabulary: Vocabulary, id: TokenId): string {
  return Buffer.from(vocabulary.bytesOf(id)).toString();
}

/** The scheme that numbers are split by. */
export function schemeOf({ plain, afterSpace }: SplitNumbers): DigitScheme {
  const fitting: Record<PureScheme, number> = {
    "single-digits": 0,
    "groups-from-left": 0,
    "groups-from-right": 0,
    whole: 0,
  };
  const shapes: Record<string, number> = {};
  let unwritable = 0;
  let changedBySpace = 0;
  for (let number = 0; number < NUMBERS; number++) {
    const ends = afterSpace[number] as number;
    if (ends === UNWRITABLE || plain[number] === UNWRITABLE) {
      unwritable++;
      continue;
    }
    const shape = SHAPE_OF[`${number}`.length - 1][ends];
    shapes[shape] = (shapes[shape] ?? 0) + 1;
    if (ends !== plain[number]) changedBySpace++;
    else for (const name of PURE_SCHEMES) if (SHAPES[name].includes(shape)) fitting[name]++;
  }
  return {
    name: nameOf(fitting, NUMBERS - unwritable),
    fitting,
    unwritable,
    changedBySpace,
    shapes,
    examples: Object.fromEntries(
      EXAMPLES.map((number) => {
        const ends = afterSpace[number] as number;
        return [number, ends === UNWRITABLE ? null : partsOf(`${number}`, ends).join("+")];
      }),
    ),
  };
}

const EXAMPLES = [7, 42, 123, 1234, 9999] as const;

/** The digits of the parts of numbers of one to four digits. */
const SHAPES: Readonly<Record<PureScheme, readonly string[]>> = {
  "single-digits": ["1", "1+1", "1+1+1", "1+1+1+1"],
  "groups-from-left": ["1", "2", "3", "3+1"],
  "groups-from-right": ["1", "2", "3", "1+3"],
  whole: ["1", "2", "3", "4"],
};

function nameOf(fitting: DigitScheme["fitting"], written: number): DigitSchemeName {
  if (written === 0) return "none";
  return PURE_SCHEMES.find((name) => fitting[name] >= FITTING_SHARE * written) ?? "mixed";
}

/** [4 × 8] the shape of a number by its digits and the ends within it. */
const SHAPE_OF: readonly (readonly string[])[] = [1, 2, 3, 4].map((digits) =>
  Array.from({ length: 8 }, (_, ends) =>
    partsOf("0".repeat(digits), ends)
      .map(({ length }) => length)
      .join("+"),
  ),
);

function partsOf(digits: string, ends: number): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let end = 1; end <= digits.length; end++) {
    if (end < digits.length && (ends & (1 << (end - 1))) === 0) continue;
    parts.push(digits.slice(start, end));
    start = end;
  }
  return parts;
}

/**
 * What is said of numbers.
 *
 * Examples: `split digit by digit (1+2+3+4)`; `split in groups of three from the left (123+4), but for 12 of 10,000`; `split in
 * mixed ways (of four digits 62 % as 2+2, 21 % as 1+3, 12 % as 4)`.
 */
export function describeDigits({ name, fitting, unwritable, shapes }: DigitScheme): string {
  const written = NUMBERS - unwritable;
  const others = name === "mixed" || name === "none" ? 0 : written - fitting[name];
  return [
    name === "mixed" ? `split in mixed ways${describeShapes(shapes)}` : WORDS[name],
    others > 0 ? `, but for ${others.toLocaleString("en")} of 10,000` : "",
    unwritable > 0 && name !== "none" ? `, with no tokens for ${unwritable.toLocaleString("en")}` : "",
  ].join("");
}

const WORDS: Readonly<Record<PureScheme | "none", string>> = {
  "single-digits": "split digit by digit (1+2+3+4)",
  "groups-from-left": "split in groups of three from the left (123+4)",
  "groups-from-right": "split in groups of three from the right (1+234)",
  whole: "kept whole (1234)",
  none: "not written, for want of tokens",
};

/** The three most frequent shapes of numbers of four digits. */
function describeShapes(shapes: DigitScheme["shapes"]): string {
  const ofFour = Object.entries(shapes)
    .filter(([shape]) => shape.split("+").reduce((sum, part) => sum + Number(part), 0) === 4)
    .sort(([, a], [, b]) => b - a);
  if (ofFour.length === 0) return "";
  const all = ofFour.reduce((sum, [, count]) => sum + count, 0);
  const most = ofFour.slice(0, 3).map(([shape, count]) => `${Math.round((100 * count) / all)} % as ${shape}`);
  return ` (of four digits ${most.join(", ")})`;
}

/** Whether a text token stands for digits alone, with or without a space before them. Only 0 … 9 count as digits. */
export function isDigitToken(vocabulary: Vocabulary, id: TokenId): boolean {
  return vocabulary.kindOf(id) === "text" && /^ ?[0-9]+$/.test(textOf(vocabulary, id));
}
