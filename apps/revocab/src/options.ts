import { RevocabError, showText } from "@revocab/core";
import { parseJson } from "@revocab/files";
import type { ApplyOptions } from "@revocab/transfer";
import { InvalidArgumentError } from "commander";

/** Collects a repeatable KEY=VALUE option. */
export function collectPairs(value: string, previous: Record<string, string> = {}): Record<string, string> {
  const split = value.indexOf("=");
  if (split <= 0) throw new InvalidArgumentError("expected KEY=VALUE.");
  return { ...previous, [value.slice(0, split)]: value.slice(split + 1) };
}

/** Collects a repeatable option. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** A whole number of at least `least`. */
export function wholeNumber(least: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || !Number.isSafeInteger(number) || number < least) {
      throw new InvalidArgumentError(`expected a whole number of at least ${least}.`);
    }
    return number;
  };
}

/** A number between two bounds, both allowed. */
export function numberWithin(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (value.trim() === "" || !(number >= least && number <= most)) {
      throw new InvalidArgumentError(`expected a number from ${least} to ${most}.`);
    }
    return number;
  };
}

/** What `--token-id KEY=VALUE` may say: an id, ids with commas between them, a list or a map as JSON, null, or keep. */
export type TokenIdAnswer = NonNullable<ApplyOptions["tokenIds"]>[string];

export function tokenIdsOf(pairs: Record<string, string>): Record<string, TokenIdAnswer> {
  return Object.fromEntries(Object.entries(pairs).map(([key, value]) => [key, tokenIdAnswer(key, value)]));
}

function tokenIdAnswer(key: string, value: string): TokenIdAnswer {
  if (value === "keep") return value;
  const json = /^\d+(,\d+)+$/.test(value) ? `[${value}]` : value;
  if (/^(\d+$|null$|\[|\{)/.test(json)) {
    return parseJson(json, {
      origin: `--token-id ${key}`,
      code: "bad_options",
      hint: TOKEN_ID_HINT,
    }) as TokenIdAnswer;
  }
  throw new RevocabError("bad_options", `--token-id ${key}=${showText(value, 200)}: expected a number`, {
    hint: TOKEN_ID_HINT,
  });
}

const TOKEN_ID_HINT =
  "for instance --token-id image_token_id=32000; also 1,2 for a list, JSON, null, or keep";
