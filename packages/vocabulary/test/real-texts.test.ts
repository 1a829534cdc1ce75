import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Vocabulary } from "@revocab/core";
import { REAL_TOKENIZERS, type RealTokenizer, realData } from "@revocab/test-support/real-data";
import { loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import type * as Library from "tokenizers";
import { describe, expect, it } from "vitest";

const require = createRequire(import.meta.url);
const library = require("tokenizers") as typeof Library;

/** How much of each text every tokenizer is run on; all together 10 MB. */
const BYTES_PER_TEXT = 50_000;

/**
 * What the pre-tokenizer does to white space between the normalizer and the model:
 * - `kept`: nothing;
 * - `leading`: a text that starts with no space gets one;
 * - `words`: white space is dropped and each word gets a space before it.
 */
const WHITE_SPACE: Readonly<Record<RealTokenizer, "kept" | "leading" | "words">> = {
  "models/shakespeare-char": "kept",
  "models/stories260k": "kept",
  "tokenizers/bert-cased": "words",
  "tokenizers/de-bpe-50k": "leading",
  "tokenizers/de-unigram-50k": "words",
  "tokenizers/gpt2": "kept",
  "tokenizers/llama-2": "kept",
  "tokenizers/mistral-v0.1": "leading",
  "tokenizers/phi-3": "kept",
  "tokenizers/pythia": "kept",
  "tokenizers/qwen2": "kept",
  "tokenizers/roberta-base": "kept",
  "tokenizers/sentencepiece/en-1000.model": "kept",
  "tokenizers/sentencepiece/ja-8000.model": "kept",
  "tokenizers/sentencepiece/tinystories-4000.model": "kept",
  "tokenizers/sw-unigram-50k": "words",
  "tokenizers/t5-small": "words",
  "tokenizers/tinystories-bpe-1024": "kept",
};

describe.skipIf(realData === undefined)("the ids of a text stand for its bytes", () => {
  it.each(REAL_TOKENIZERS)("%s, on every text, with unk just where it lacks a character", async (name) => {
    const tokenizer = await loadTokenizer(`${realData}/${name}`, { reading: "file" });
    const rust = library.Tokenizer.fromString(Buffer.from(tokenizer.files.get("tokenizer.json")!).toString());
    const preTokenizer = rust.getPreTokenizer();
    for (const text of readTexts(tokenizer)) {
      const normalized = await tokenizer.normalize(text.content);
      const normal = normalized.replaceAll("▁", " ");
      const units =
        WHITE_SPACE[name] !== "words"
          ? [WHITE_SPACE[name] === "leading" && !normal.startsWith(" ") ? ` ${normal}` : normal]
          : tokenizer.family === "wordpiece"
            ? preTokenizer!.preTokenizeString(normalized).map(([word]) => ` ${word}`)
            : normal
                .split(/\p{White_Space}+/u)
                .filter(Boolean)
                .map((word) => ` ${word}`);
      const { surplus, unknown } = compare(tokenizer, await tokenizer.encode(text.content), units);
      expect(surplus, `${text.name}: ids without text, or text without ids`).toBe("");
      expect(unknown, `${text.name}: unk ids`).toBe(countUnknown(tokenizer, units));
    }
  });
});

interface Text {
  readonly name: string;
  readonly content: string;
}

/** The beginning of each text in pieces of at most 10,000 characters, cut at what the tokenizer takes for a special. */
function* readTexts({ specialTokens }: Tokenizer): Generator<Text> {
  const specials = specialTokens.map(({ token }) => token.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const cut = new RegExp([...specials, "<\\|endoftext\\|>"].join("|"));
  for (const name of readdirSync(`${realData}/text`)) {
    const content = readFileSync(`${realData}/text/${name}`).subarray(0, BYTES_PER_TEXT).toString();
    for (const part of content.split(cut)) {
      for (const piece of part.match(/[\s\S]{1,9999}(?:\n|$)|[\s\S]{1,9999}/g) ?? [])
        yield { name, content: piece };
    }
  }
}

/** Walks ids and units together; an unk may stand only for what {@link unknownEnd} calls unknown. */
function compare(tokenizer: Tokenizer, ids: Uint32Array, units: readonly string[]) {
  const { vocabulary } = tokenizer;
  const expected = Buffer.from(units.join(""));
  const ends = unitEnds(units);
  const unk = vocabulary.idOfRole("unk") ?? (tokenizer.family === "wordlevel" ? 1 : -1);
  let at = 0;
  let unknown = 0;
  for (let i = 0; i < ids.length; i++) {
    const bytes = vocabulary.bytesOf(ids[i]);
    if (expected.subarray(at, at + bytes.length).equals(bytes)) {
      at += bytes.length;
      continue;
    }
    const end = ids[i] === unk ? unknownEnd(tokenizer, expected, at, ends) : at;
    if (end === at) {
      return {
        surplus: `at ${at}: ids ${ids.subarray(i, i + 5)} for "${expected.subarray(at, at + 40)}"`,
        unknown,
      };
    }
    unknown++;
    at = end;
  }
  return { surplus: expected.subarray(at).toString(), unknown };
}

function unitEnds(units: readonly string[]): ReadonlyMap<number, number> {
  const ends = new Map<number, number>();
  let at = 0;
  for (const unit of units) {
    const end = at + Buffer.byteLength(unit);
    ends.set(at, end);
    at = end;
  }
  return ends;
}

/** Where the stretch that one unk may stand for ends; `at` itself when nothing there is unknown to the vocabulary. */
function unknownEnd(
  { vocabulary, family }: Tokenizer,
  bytes: Buffer,
  at: number,
  units: ReadonlyMap<number, number>,
) {
  if (family === "wordpiece") {
    const end = units.get(at) ?? at;
    return isKnown(vocabulary, bytes.subarray(at, end)) ? at : end;
  }
  const unit = family === "byte-level-bpe" ? 1 : characterLength(bytes[at]);
  if (isKnown(vocabulary, bytes.subarray(at, at + unit))) return at;
  let end = at + unit;
  // SentencePiece models make one unk of neighbours.
  while ((family === "unigram" || family === "sentencepiece-bpe") && end < bytes.length && !units.has(end)) {
    const next = end + characterLength(bytes[end]);
    if (isKnown(vocabulary, bytes.subarray(end, next))) break;
    end = next;
  }
  return end;
}

const known = new WeakMap<Vocabulary, Map<string, boolean>>();

function isKnown(vocabulary: Vocabulary, bytes: Buffer): boolean {
  const cache = known.get(vocabulary) ?? new Map<string, boolean>();
  known.set(vocabulary, cache);
  const key = bytes.toString("latin1");
  const answer = cache.get(key) ?? vocabulary.spell(bytes) !== undefined;
  cache.set(key, answer);
  return answer;
}

/** Counts the stretches the vocabulary lacks from the text alone, without looking at the ids. */
function countUnknown(tokenizer: Tokenizer, units: readonly string[]): number {
  const bytes = Buffer.from(units.join(""));
  const ends = unitEnds(units);
  let count = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = unknownEnd(tokenizer, bytes, at, ends);
    if (end > at) count++;
    const step =
      tokenizer.family === "wordpiece"
        ? ends.get(at)! - at
        : tokenizer.family === "byte-level-bpe"
          ? 1
          : characterLength(bytes[at]);
    at = Math.max(end, at + step);
  }
  return count;
}

function characterLength(lead: number): number {
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}
