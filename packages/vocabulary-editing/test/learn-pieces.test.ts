import { added, numbered } from "@revocab/test-support/tokenizer-json";
import { tokenizerOf } from "@revocab/test-support/tokenizer-of";
import type { Tokenizer } from "@revocab/vocabulary";
import { parseTokenizerJson } from "@revocab/vocabulary/internal";
import { learnPieces } from "@revocab/vocabulary-editing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { learnJoins, pairQueue } from "../src/learn-joins.ts";
import { scoreTable } from "../src/unigram-additions.ts";
import { textsWith } from "../src/why-unreachable.ts";

const letters = [..."lowernst"];

const byteLevel = () =>
  tokenizerOf({
    model: { type: "BPE", vocab: numbered([...letters, "Ġ", "es"]), merges: ["e s"] },
    preTokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  });

async function tokensOf({ vocabulary, encode }: Tokenizer, text: string): Promise<string[]> {
  return Array.from(await encode(text), (id) => vocabulary.tokenOf(id));
}

/** A joining of the letters that ids stand for. */
const joining = (corpus: Readonly<Record<string, number>>, pieces: number, minimumCount = 2) =>
  learnJoins(
    Object.entries(corpus).map(([word, count]) => ({
      ids: Array.from(word, (letter) => letter.charCodeAt(0)),
      count,
    })),
    {
      pieces,
      minimumCount,
      firstId: 1000,
      written: (id) => String.fromCharCode(id),
      join: (left, right) => left + right,
    },
  );

describe("learnJoins", () => {
  it("joins the most frequent pair again and again, as in the worked example", () => {
    expect(joining({ low: 5, lower: 2 }, 10)).toEqual({
      pieces: [
        { piece: "lo", count: 7 },
        { piece: "low", count: 7 },
        { piece: "er", count: 2 },
        { piece: "lower", count: 2 },
      ],
      merges: [
        ["l", "o"],
        ["lo", "w"],
        ["e", "r"],
        ["low", "er"],
      ],
    });
  });

  it("does the same as counting all pairs anew for every join", () => {
    const naive = (corpus: Readonly<Record<string, number>>): string[] => {
      const words = Object.entries(corpus).map(([word, count]) => ({ parts: [...word], count }));
      const made: string[] = [];
      const ids = new Map<string, number>();
      const idOf = (part: string) => ids.get(part) ?? part.charCodeAt(0);
      for (;;) {
        const counts = new Map<string, number>();
        for (const { parts, count } of words) {
          for (let i = 1; i < parts.length; i++) {
            const pair = `${parts[i - 1]} ${parts[i]}`;
            counts.set(pair, (counts.get(pair) ?? 0) + count);
          }
        }
        const order = ([a, m]: [string, number], [b, n]: [string, number]) => {
          const [[a1, a2], [b1, b2]] = [a.split(" "), b.split(" ")];
          return n - m || idOf(a1) - idOf(b1) || idOf(a2) - idOf(b2);
        };
        const [best] = [...counts].sort(order);
        if (best === undefined || best[1] < 2) return made;
        const [left, right] = best[0].split(" ");
        made.push(best[0]);
        if (!ids.has(left + right)) ids.set(left + right, 1000 + ids.size);
        for (const word of words) {
          const parts: string[] = [];
          for (const part of word.parts) {
            if (part === right && parts.at(-1) === left && !parts.at(-1)!.endsWith("\0")) {
              parts.pop();
              parts.push(`${left}${right}\0`);
            } else parts.push(part);
          }
          word.parts = parts.map((part) => part.replace("\0", ""));
        }
      }
    };
    const corpora = fc.dictionary(
      fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 7 }),
      fc.integer({ min: 1, max: 9 }),
      { maxKeys: 6 },
    );
    fc.assert(
      fc.property(corpora, (corpus) => {
        expect(joining(corpus, 1000).merges.map((pair) => pair.join(" "))).toEqual(naive(corpus));
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});

describe("pairQueue", () => {
  it("gives the most frequent first, and of equals the lowest key", () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 99 })));
    fc.assert(
      fc.property(pairs, (entries) => {
        const queue = pairQueue();
        for (const [count, key] of entries) queue.push(count, key);
        const popped = entries.map(() => queue.pop()!).map(({ count, key }) => [count, key]);
        expect(popped).toEqual([...entries].sort((a, b) => b[0] - a[0] || a[1] - b[1]));
        expect(queue.pop()).toBeUndefined();
      }),
    );
  });
});

describe("learnPieces", () => {
  const corpus = ["low low low lower", "newest newest widest", "low lowest"];

  it("gives a BPE its next merges, which leave old text alone", async () => {
    const original = byteLevel();
    const { tokenizer, added: entries } = await learnPieces({ tokenizer: original, corpus, count: 4 });
    const { model } = JSON.parse(Buffer.from(tokenizer.files.get("tokenizer.json")!).toString());
    expect(model.merges[0]).toBe("e s");
    expect(entries.map(({ id, token }) => `${id} ${token}`)).toEqual([
      "10 lo",
      "11 low",
      "12 Ġlow",
      "13 est",
    ]);
    expect(await tokensOf(tokenizer, "low lowest")).toEqual(["low", "Ġlow", "est"]);
    expect(await tokensOf(tokenizer, "west tern")).toEqual(["w", "est", "Ġ", "t", "e", "r", "n"]);
  });

  it("does not depend on the order of lines", async () => {
    const [one, other] = [corpus, [...corpus].reverse()].map((lines) =>
      learnPieces({ tokenizer: byteLevel(), corpus: lines, count: 5 }),
    );
    expect((await one).tokenizer.files).toEqual((await other).tokenizer.files);
  });

  it("leaves apart what a text has that is to be spared, unless the corpus has it far more often", async () => {
    const tokensWith = async (spare: readonly string[]) =>
      (await learnPieces({ tokenizer: byteLevel(), corpus, count: 2, spare })).added.map(
        ({ token }) => token,
      );
    expect(await tokensWith([])).toEqual(["lo", "low"]);
    expect(await tokensWith(["lo"])).toEqual(["ow", "low"]);
    // One in a thousand tokens of the spared text, one in six of the corpus.
    expect(await tokensWith([`lo${" t".repeat(1000)}`])).toEqual(["lo", "low"]);
  });

  it("says how many pieces a corpus had that is too small", async () => {
    await expect(learnPieces({ tokenizer: byteLevel(), corpus: ["low low"], count: 10 })).rejects.toThrow(
      expect.objectContaining({
        code: "bad_text",
        message: "found 2 pieces to learn in 7 tokens of text, expected 10",
      }),
    );
  });

  it("stops when it is told to, and refuses a count that is none", async () => {
    const abortSignal = AbortSignal.abort();
    await expect(
      learnPieces({ tokenizer: byteLevel(), corpus, count: 2, job: { abortSignal } }),
    ).rejects.toThrow(expect.objectContaining({ code: "aborted" }));
    await expect(learnPieces({ tokenizer: byteLevel(), corpus, count: 0 })).rejects.toThrow(
      expect.objectContaining({
        code: "bad_options",
        message: "count is 0, expected a whole number above 0",
      }),
    );
  });

  it("leaves tokens of one digit alone where the tokenizer has no longer numbers", async () => {
    const digits = (pieces: readonly string[], merges: readonly string[]) =>
      tokenizerOf({
        model: { type: "BPE", vocab: numbered(["▁", "1", "9", "a", "b", ...pieces]), merges },
        normalizer: { type: "Replace", pattern: { String: " " }, content: "▁" },
      });
    const lines = ["1919 ab", "19 19 ab"];
    const { added: single } = await learnPieces({ tokenizer: digits([], []), corpus: lines, count: 2 });
    expect(single.map(({ token }) => token)).toEqual(["▁a", "▁ab"]);
    const { added: several } = await learnPieces({
      tokenizer: digits(["11"], ["1 1"]),
      corpus: lines,
      count: 1,
    });
    expect(several.map(({ token }) => token)).toEqual(["19"]);
  });

  it("takes a piece for a number that joins nothing, such as ▁½, for no proof that digits are joined", async () => {
    const tokenizer = tokenizerOf({
      model: {
        type: "BPE",
        vocab: numbered(["▁", "1", "9", "½", "▁½", "▁1", "99", "a", "b"]),
        merges: ["▁ ½", "▁ 1"],
      },
      normalizer: { type: "Replace", pattern: { String: " " }, content: "▁" },
    });
    const { added: entries } = await learnPieces({
      tokenizer,
      corpus: ["1919 ab ½", "19 19 ab ½", "1919 1919"],
      count: 2,
    });
    expect(entries.map(({ token }) => token)).toEqual(["▁a", "▁ab"]);
  });

  it("gives a Unigram the pieces it then uses most, scored by their share", async () => {
    const original = tokenizerOf({
      model: {
        type: "Unigram",
        unk_id: 0,
        vocab: [["<unk>", 0], ["▁", -2], ...[..."lowernst"].map((letter) => [letter, -3])],
      },
      added: [added(0, "<unk>")],
      preTokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    });
    const { tokenizer, added: entries } = await learnPieces({ tokenizer: original, corpus, count: 3 });
    expect(await tokensOf(tokenizer, "low newest")).toEqual(["▁low", "▁newest"]);
    expect(entries[0].token).toBe("▁low");
    const { model } = JSON.parse(Buffer.from(tokenizer.files.get("tokenizer.json")!).toString());
    const tokens = (await Promise.all(corpus.map((line) => original.encode(line)))).flatMap((ids) => [
      ...ids,
    ]);
    expect(model.vocab[10]).toEqual(["▁low", Math.log(6 / tokens.length)]);
  });

  it("gives a WordPiece entries with and without its prefix", async () => {
    const original = tokenizerOf({
      model: {
        type: "WordPiece",
        unk_token: "[UNK]",
        continuing_subword_prefix: "##",
        max_input_chars_per_word: 100,
        vocab: numbered(["[UNK]", ...letters, ...letters.map((letter) => `##${letter}`)]),
      },
      added: [added(0, "[UNK]")],
      preTokenizer: { type: "BertPreTokenizer" },
      decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    });
    const { tokenizer, added: entries } = await learnPieces({ tokenizer: original, corpus, count: 4 });
    expect(entries.map(({ token }) => token)).toEqual(["lo", "low", "##es", "##est"]);
    expect(await tokensOf(tokenizer, "lowest")).toEqual(["low", "##est"]);
  });

  it("has nothing to join in a tokenizer of whole words", async () => {
    const words = tokenizerOf({
      model: { type: "WordLevel", unk_token: "x", vocab: { x: 0 } },
      preTokenizer: { type: "Whitespace" },
    });
    await expect(learnPieces({ tokenizer: words, corpus, count: 1 })).rejects.toThrow(
      expect.objectContaining({ code: "unsupported_tokenizer" }),
    );
  });
});

describe("scoreTable", () => {
  it("finds the spelling with the greatest sum, and passes over characters it lacks", () => {
    const json = {
      model: {
        type: "Unigram",
        unk_id: 0,
        vocab: [
          ["<unk>", 0],
          ["a", -1],
          ["b", -2],
          ["ab", -2.5],
          ["ba", -1.5],
        ],
      },
    };
    const table = scoreTable(parseTokenizerJson(Buffer.from(JSON.stringify(json)), "test"));
    expect(table.best("aba")).toEqual({ sum: -2.5, pieces: ["a", "ba"] });
    expect(table.best("a😀ab")).toEqual({ sum: -1 - 12.5 - 2.5, pieces: ["a", "😀", "ab"] });
    table.set("aba", -2);
    expect(table.best("aba").pieces).toEqual(["aba"]);
  });
});

describe("textsWith", () => {
  it("completes characters that bytes are parts of", () => {
    for (const text of ["é", "你好", "👍"]) {
      const bytes = Buffer.from(text);
      for (const [start, end] of [
        [0, bytes.length],
        [1, bytes.length],
        [0, bytes.length - 1],
      ]) {
        const part = bytes.subarray(start, end);
        const texts = [...textsWith(part)];
        expect(texts.length, `${text} ${start} ${end}`).toBeGreaterThan(0);
        for (const found of texts) expect(Buffer.from(found).includes(part)).toBe(true);
      }
    }
    expect([...textsWith(Uint8Array.of(0xff))]).toEqual([]);
  });
});

describe("learning from one word of 1 MB", () => {
  it("joins what it is made of, counted in words of 1,000 tokens", async () => {
    const { tokenizer, added: learned } = await learnPieces({
      tokenizer: byteLevel(),
      corpus: ["lo".repeat(500_000)],
      count: 2,
    });
    expect(learned.map(({ token }) => token)).toEqual(["lo", "lolo"]);
    expect(await tokensOf(tokenizer, "lololow")).toEqual(["lolo", "lo", "w"]);
  });
});
