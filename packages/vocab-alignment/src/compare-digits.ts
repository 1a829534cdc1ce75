import { type DigitScheme, describeDigits, type NumberWriter } from "@revocab/vocabulary";
import {
  FITTING_SHARE,
  NUMBERS,
  type SplitNumbers,
  schemeOf,
  splitNumbers,
} from "@revocab/vocabulary/internal";

/** How two tokenizers split the numbers 0 … 9999. */
export interface DigitComparison {
  readonly source: DigitScheme;
  readonly target: DigitScheme;
  /** How many of the 10,000 numbers both split alike, after a space and at the beginning of a line; also those that neither can write. */
  readonly alike: number;
}

/**
 * Compares how two tokenizers split numbers. A model that changes from one scheme to another loses most of its arithmetic.
 * @throws RevocabError `bad_tokenizer` when the tokenizers library cannot run one of them
 * @see https://arxiv.org/abs/2506.06607 (GSM8K −79 % between two schemes, −5.6 % with the same one)
 */
export async function compareDigits(source: NumberWriter, target: NumberWriter): Promise<DigitComparison> {
  const [ofSource, ofTarget] = [await splitNumbers(source), await splitNumbers(target)];
  return {
    source: schemeOf(ofSource),
    target: schemeOf(ofTarget),
    alike: countAlike(ofSource, ofTarget),
  };
}

function countAlike(source: SplitNumbers, target: SplitNumbers): number {
  let alike = 0;
  for (let number = 0; number < NUMBERS; number++) {
    const isAlike =
      source.plain[number] === target.plain[number] &&
      source.afterSpace[number] === target.afterSpace[number];
    if (isAlike) alike++;
  }
  return alike;
}

/**
 * A sentence on numbers where both tokenizers split them alike: `numbers are split digit by digit (1+2+3+4), as in the source`.
 * Undefined where they do not.
 */
export function describeAgreement(comparison: DigitComparison): string | undefined {
  if (splitsDiffer(comparison)) return undefined;
  const { target, alike } = comparison;
  const how =
    alike === NUMBERS ? ", as in the source" : `; ${alike.toLocaleString("en")} of 10,000 as in the source`;
  return `numbers are ${describeDigits(target)}${how}`;
}

/** Whether two tokenizers split numbers so differently that arithmetic suffers: more than 5 % of 0 … 9999. */
export function splitsDiffer({ alike }: DigitComparison): boolean {
  return alike < FITTING_SHARE * NUMBERS;
}
