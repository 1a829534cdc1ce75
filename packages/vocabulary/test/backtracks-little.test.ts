import { expect, it } from "vitest";
import { backtracksLittle } from "../src/text-cuts.ts";

const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

it.each([
  ["GPT-2", GPT2],
  [
    "Llama 3 and cl100k",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  ],
  [
    "o200k",
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  ],
  ["counts in a class and behind a sign", "[+*?)(|]+|\\+\\*\\(a+"],
])("is so of what tokenizers use: %s", (_, pattern) => {
  expect(backtracksLittle(pattern)).toBe(true);
});

it.each([
  ["a repeated group with a count in it", "(?:\\p{L}+\\p{L}+)+\\p{Nd}"],
  ["the same with a number", "(?:\\p{L}+){20}\\p{Nd}"],
  ["deep in groups", "((?:(a+))b)+"],
  ["a repeated choice", "(?:a|a)*b"],
  ["many in a row", "\\p{L}+\\p{L}+\\p{L}+\\p{Nd}"],
  ["many in a group's row", "a|(?:\\p{L}+\\p{L}*)\\p{L}{2,}b"],
])("is not so of %s", (_, pattern) => {
  expect(backtracksLittle(pattern)).toBe(false);
  expect(backtracksLittle(`${GPT2}|${pattern}`)).toBe(false);
});
