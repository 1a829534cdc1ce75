import {
  type BatchMerges,
  dynamicTokenizer,
  dynamicVocabulary,
  mergeBatch,
  segmentText,
} from "@revocab/dynamic-tokenization";
import { readText } from "@revocab/files";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

interface Merged {
  readonly tokenizer: Tokenizer;
  readonly documents: readonly string[];
  readonly batch: BatchMerges;
}

async function merged(folder: string, boundaries: "pretoken" | "none"): Promise<Merged> {
  const tokenizer = await loadTokenizer(folder);
  const { documents } = await readText(SAMPLE_TEXT);
  const texts = await Promise.all(documents.map((text) => segmentText(tokenizer, text, boundaries)));
  const { vocabulary } = tokenizer;
  const firstId = vocabulary.size + 5;
  return {
    tokenizer,
    documents,
    batch: mergeBatch(texts, { vocabulary, firstId, until: (merges) => merges === 60 }),
  };
}

describe.each([
  ["a byte-level BPE", SAMPLE_MODEL, "pretoken"],
  ["a byte-level BPE", SAMPLE_MODEL, "none"],
  ["a Unigram", SAMPLE_TOKENIZER, "pretoken"],
] as const)("dynamicTokenizer over %s", (_, folder, boundaries) => {
  it("writes texts in fewer tokens with the same bytes", async () => {
    const { tokenizer, documents, batch } = await merged(folder, boundaries);
    const dynamic = dynamicTokenizer(tokenizer, batch, boundaries);
    const bytesIn = (ids: Uint32Array, { vocabulary }: Pick<Tokenizer, "vocabulary">) =>
      Buffer.concat(Array.from(ids, (id) => vocabulary.bytesOf(id))).toString();
    let length = 0;
    for (const text of documents) {
      const ids = await dynamic.encode(text);
      expect(bytesIn(ids, dynamic)).toBe(bytesIn(await tokenizer.encode(text), tokenizer));
      length += ids.length;
    }
    expect(length).toBe(batch.lengths.at(-1));
  });
});

describe("dynamicVocabulary", () => {
  it("has its own tokens, then holes, then merged tokens, which it spells as one", async () => {
    const { tokenizer, batch } = await merged(SAMPLE_MODEL, "pretoken");
    const own = tokenizer.vocabulary;
    const vocabulary = dynamicVocabulary(own, batch);
    expect(vocabulary.size).toBe(own.size + 5 + batch.tokens.length);
    expect(vocabulary.kindOf(own.size)).toBe("unused");
    for (const [i, bytes] of batch.tokens.entries()) {
      const id = batch.firstId + i;
      expect(vocabulary.kindOf(id)).toBe("text");
      expect(vocabulary.bytesOf(id)).toEqual(bytes);
      expect(vocabulary.idsOf(bytes)).toEqual([id]);
    }
    for (let id = 0; id < own.size; id++) {
      expect(vocabulary.tokenOf(id)).toBe(own.tokenOf(id));
      expect(vocabulary.kindOf(id)).toBe(own.kindOf(id));
    }
    // of one merge, the parts are what the tokenizer itself writes
    const [first] = batch.tokens;
    expect([...vocabulary.spell(first)!]).toEqual([batch.firstId]);
  });
});
