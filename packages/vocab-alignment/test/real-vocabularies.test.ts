import { join } from "node:path";
import type { Vocabulary } from "@revocab/core";
import { realData as data } from "@revocab/test-support/real-data";
import { alignVocabularies, extendsVocabulary } from "@revocab/vocab-alignment";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

/** One of each family, and the pairs that a swap would meet. */
const PAIRS = [
  ["llama-2", "gpt2"],
  ["gpt2", "llama-2"],
  ["qwen2", "llama-2"],
  ["qwen2", "gpt2"],
  ["t5-small", "bert-cased"],
  ["bert-cased", "de-unigram-50k"],
  ["roberta-base", "tinystories-bpe-1024"],
] as const;

describe.skipIf(data === undefined)("real vocabularies", () => {
  const loaded = new Map<string, Promise<Vocabulary>>();
  const load = (name: string): Promise<Vocabulary> => {
    const vocabulary =
      loaded.get(name) ??
      loadTokenizer(join(data!, "tokenizers", name)).then((tokenizer) => tokenizer.vocabulary);
    loaded.set(name, vocabulary);
    return vocabulary;
  };

  for (const [from, to] of PAIRS) {
    it(`${from} → ${to}: every target id is counted once, and matches and pieces stand for its bytes`, async () => {
      const [source, target] = await Promise.all([load(from), load(to)]);
      const { sourceOf, pieceOffsets, pieces, counts } = alignVocabularies({ source, target });
      const { shared, specialByRole, specialByString, spelled, byteOnly, withoutEvidence, unused } = counts;
      const matched = shared + specialByRole + specialByString;
      expect(matched + spelled + byteOnly + withoutEvidence.length + unused).toBe(target.size);
      expect(shared).toBeGreaterThan(300);

      const wrong: number[] = [];
      for (let id = 0; id < target.size; id++) {
        if (target.kindOf(id) !== "text" && target.kindOf(id) !== "byte") continue;
        const spelling =
          sourceOf[id] >= 0 ? [sourceOf[id]] : pieces.subarray(pieceOffsets[id], pieceOffsets[id + 1]);
        if (spelling.length === 0) continue;
        const bytes = Buffer.concat(Array.from(spelling, (piece) => source.bytesOf(piece)));
        if (!bytes.equals(target.bytesOf(id))) wrong.push(id);
      }
      expect(wrong).toEqual([]);
    });
  }

  const STRINGS = ["café", " café", "\n", "    ", "        ", "你", "é", " the"];
  for (const [from, to, inBoth] of [
    ["llama-2", "gpt2", ["\n", "é", " the"]],
    ["mistral-v0.1", "gpt2", [" café", "\n", "é", " the"]],
    ["gpt2", "mistral-v0.1", [" café", "\n", "é", " the"]],
    ["gpt2", "qwen2", [" café", "\n", "é", " the"]],
    ["gpt2", "llama-2", ["\n", "é", " the"]],
    ["llama-2", "qwen2", ["\n", "    ", "        ", "你", "é", " the"]],
    ["qwen2", "llama-2", ["\n", "    ", "        ", "你", "é", " the"]],
  ] as const) {
    it(`${from} → ${to}: newline, runs of spaces, accents, 你 and all 256 bytes match wherever both have them`, async () => {
      const [source, target] = await Promise.all([load(from), load(to)]);
      const { sourceOf } = alignVocabularies({ source, target });
      const bytesOf = (string: string) => new TextEncoder().encode(string);
      const shared = STRINGS.filter(
        (string) => source.idsOf(bytesOf(string)).length > 0 && target.idsOf(bytesOf(string)).length > 0,
      );
      expect(shared).toEqual(inBoth);
      for (const string of STRINGS) {
        const [expected = -1] = source.idsOf(bytesOf(string));
        for (const id of target.idsOf(bytesOf(string)))
          expect([string, sourceOf[id]]).toEqual([string, expected]);
      }
      for (let value = 0; value < 256; value++) {
        const [expected] = source.idsOf(Uint8Array.of(value));
        const [id] = target.idsOf(Uint8Array.of(value));
        expect(expected).toBeDefined();
        expect([value, sourceOf[id]]).toEqual([value, expected]);
      }
    });
  }

  it("GPT-2's one special serves Llama's bos, eos and unk, and takes bos and eos from it by role of the row", async () => {
    const [llama, gpt2] = await Promise.all([load("llama-2"), load("gpt2")]);
    const endOfText = gpt2.idOfSpecial("<|endoftext|>")!;
    const toLlama = alignVocabularies({ source: gpt2, target: llama });
    for (const role of ["bos", "eos", "unk"] as const) {
      expect(toLlama.sourceOf[llama.idOfRole(role)!]).toBe(endOfText);
    }
    const toGpt2 = alignVocabularies({ source: llama, target: gpt2 });
    expect(toGpt2.sourceOf[endOfText]).toBe(llama.idOfRole("bos"));
    expect(toGpt2.headSourceOf!.get(endOfText)).toBe(llama.idOfRole("eos"));
  });

  for (const name of [
    "gpt2",
    "llama-2",
    "t5-small",
    "bert-cased",
    "de-unigram-50k",
    "tinystories-bpe-1024",
  ]) {
    it(`${name} aligned with itself maps every used id to itself`, async () => {
      const vocabulary = await load(name);
      const { sourceOf, counts, headSourceOf } = alignVocabularies({
        source: vocabulary,
        target: vocabulary,
      });
      const strayed = Array.from(sourceOf.keys()).filter(
        (id) => sourceOf[id] !== (vocabulary.kindOf(id) === "unused" ? -1 : id),
      );
      expect(strayed).toEqual([]);
      expect(counts.withoutEvidence).toEqual([]);
      expect(headSourceOf!.size).toBe(0);
      expect(extendsVocabulary(vocabulary, vocabulary)).toBe(true);
    });
  }

  it("no vocabulary extends one of another family", async () => {
    expect(extendsVocabulary(await load("gpt2"), await load("llama-2"))).toBe(false);
    expect(extendsVocabulary(await load("llama-2"), await load("mistral-v0.1"))).toBe(false);
  });
});
