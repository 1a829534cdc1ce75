import { readFileSync } from "node:fs";
import { RevocabError } from "@revocab/core";
import { PbfWriter } from "pbf";
import { Tokenizer } from "tokenizers";
import { describe, expect, it } from "vitest";
import { convertSentencePiece } from "../src/sentencepiece/convert-sentencepiece.ts";

const sound = readFileSync(new URL("./fixtures/sentencepiece/bpe-symbols.model", import.meta.url));
const UNIGRAM = 1;
const BPE = 2;
const [NORMAL, UNKNOWN, CONTROL, UNUSED, BYTE] = [1, 2, 3, 5, 6];

interface Sketch {
  pieces: readonly (readonly [text: string | Uint8Array, score: number, type: number])[];
  algorithm?: number;
  byteFallback?: boolean;
  charsmap?: Uint8Array;
}

describe("a SentencePiece file that cannot be read", () => {
  it("is refused wherever it is cut, unless the cut falls between two fields", () => {
    const outcomes = { read: 0, refused: 0 };
    for (let length = 0; length < sound.length; length += 31) {
      try {
        convertSentencePiece(sound.subarray(0, length));
        outcomes.read++;
      } catch (error) {
        expect(error).toBeInstanceOf(RevocabError);
        expect((error as RevocabError).code).toBe("bad_tokenizer");
        outcomes.refused++;
      }
    }
    // A piece takes 11 bytes or more, so most cuts fall inside one.
    expect(outcomes.refused).toBeGreaterThan(outcomes.read * 5);
  });

  it("gives a RevocabError or a tokenizer that the Rust library runs, whatever byte is changed", async () => {
    let converted = 0;
    for (let at = 0; at < sound.length; at += 29) {
      const broken = Uint8Array.from(sound);
      broken[at] = broken[at]! ^ 0xff;
      const json = convertOrRefuse(broken);
      if (json === undefined) continue;
      converted++;
      const encoding = await Tokenizer.fromString(json).encode("Ａ <SEP>\u0301 once  upon\u0001 a time É");
      expect(encoding.getIds().length).toBeGreaterThan(0);
    }
    expect(converted).toBeGreaterThan(20);
  });

  it.each([
    ["an empty file", new Uint8Array(0), /holds no pieces/],
    ["a JSON file", Buffer.from('{"model": {"type": "BPE"}}'), /not a SentencePiece model/],
    ["a zip file", Buffer.from("PK\u0003\u0004 and the rest"), /not a SentencePiece model/],
    [
      "a piece of 4 GB",
      Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f),
      /claims 4294967295 bytes, 0 are left/,
    ],
    ["a number without an end", new Uint8Array(40).fill(0xff), /not a SentencePiece model/],
    ["a piece longer than 4096 bytes", write({ pieces: [["x".repeat(5000), 0, NORMAL]] }), /5000 bytes/],
    [
      "a piece that is no UTF-8",
      write({ pieces: [[Uint8Array.of(0xff), 0, NORMAL]] }),
      /piece 0 is not UTF-8/,
    ],
    ["a score that is no number", write({ pieces: [["a", Number.NaN, NORMAL]] }), /score NaN/],
    ["a type of piece from elsewhere", write({ pieces: [["a", 0, 9]] }), /type 9, expected 1 to 6/],
    ["a message without pieces", write({ pieces: [] }), /holds no pieces/],
    [
      "an empty piece",
      write({
        pieces: [
          ["<unk>", 0, UNKNOWN],
          ["", 0, NORMAL],
        ],
      }),
      /piece 1 is empty/,
    ],
    [
      "a piece that comes twice",
      write({
        pieces: [
          ["<unk>", 0, UNKNOWN],
          ["a", 0, NORMAL],
          ["a", -1, NORMAL],
        ],
      }),
      /pieces 1 and 2 are both "a"/,
    ],
    ["no unknown piece", write({ pieces: [["a", 0, NORMAL]] }), /0 pieces are of type UNKNOWN/],
    [
      "two unknown pieces",
      write({
        pieces: [
          ["a", 0, UNKNOWN],
          ["b", 0, UNKNOWN],
        ],
      }),
      /2 pieces are of type UNKNOWN/,
    ],
    [
      "byte fallback without all bytes",
      write({
        pieces: [
          ["<unk>", 0, UNKNOWN],
          ["<0x00>", 0, BYTE],
        ],
        byteFallback: true,
      }),
      /1 byte pieces were found, expected 256/,
    ],
    [
      "a byte piece without byte fallback",
      write({
        pieces: [
          ["<unk>", 0, UNKNOWN],
          ["<0x00>", 0, BYTE],
        ],
      }),
      /1 byte pieces were found, expected 0/,
    ],
    [
      "a charsmap cut short",
      write({ ...smallest(), charsmap: Uint8Array.of(1, 2, 3) }),
      /3 bytes, expected at least 8/,
    ],
    [
      "a charsmap with a trie of 4 GB",
      write({ ...smallest(), charsmap: trie(0xfffffc00, 256) }),
      /claims 4294966272/,
    ],
    [
      "a charsmap whose trie leaves it",
      write({ ...smallest(), charsmap: strayTrie() }),
      /points at unit \d+ of 256/,
    ],
    [
      "a charsmap whose trie is a loop",
      write({ ...smallest(), charsmap: loopingTrie() }),
      /longer than 256 bytes/,
    ],
  ])("%s is one clear error", (_, bytes, message) => {
    expect(() => convertSentencePiece(bytes)).toThrow(message);
    expect(() => convertSentencePiece(bytes)).toThrow(expect.objectContaining({ code: "bad_tokenizer" }));
  });
});

describe("a SentencePiece model that a tokenizer.json cannot say", () => {
  it.each([
    ["WORD", write({ ...smallest(), algorithm: 3 }), /type WORD, expected BPE or UNIGRAM/],
    ["CHAR", write({ ...smallest(), algorithm: 4 }), /type CHAR, expected BPE or UNIGRAM/],
    [
      "BPE with unused pieces",
      write({
        algorithm: BPE,
        pieces: [
          ["<unk>", 0, UNKNOWN],
          ["ab", 0, UNUSED],
        ],
      }),
      /1 unused pieces, first "ab"/,
    ],
    [
      "Unigram with an unused character",
      write({
        algorithm: UNIGRAM,
        pieces: [
          ["<unk>", 0, UNKNOWN],
          ["a", -1, UNUSED],
        ],
      }),
      /1 unused pieces of the Unigram model, first "a"/,
    ],
  ])("%s is refused", (_, bytes, message) => {
    expect(() => convertSentencePiece(bytes)).toThrow(message);
    expect(() => convertSentencePiece(bytes)).toThrow(
      expect.objectContaining({ code: "unsupported_tokenizer" }),
    );
  });

  it("a Unigram model steps over an unused piece of known characters", async () => {
    const pieces = [
      ["<unk>", 0, UNKNOWN],
      ["▁", -2, NORMAL],
      ["a", -3, NORMAL],
      ["b", -4, NORMAL],
      ["ab", -1, UNUSED],
    ] as const;
    const tokenizer = Tokenizer.fromString(convertSentencePiece(write({ pieces })).tokenizerJson);
    expect((await tokenizer.encode("abab")).getIds()).toEqual([1, 2, 3, 2, 3]);
  });
});

function convertOrRefuse(bytes: Uint8Array): string | undefined {
  try {
    return convertSentencePiece(bytes).tokenizerJson;
  } catch (error) {
    expect(error).toBeInstanceOf(RevocabError);
    return undefined;
  }
}

function smallest(): Sketch {
  return {
    pieces: [
      ["<unk>", 0, UNKNOWN],
      ["<s>", 0, CONTROL],
      ["a", -1, NORMAL],
    ],
  };
}

function write({ pieces, algorithm, byteFallback, charsmap }: Sketch): Uint8Array {
  const writer = new PbfWriter();
  for (const [text, score, type] of pieces) {
    writer.writeMessage(
      1,
      (_, piece) => {
        piece.writeBytesField(1, typeof text === "string" ? Buffer.from(text) : text);
        piece.writeFloatField(2, score);
        piece.writeVarintField(3, type);
      },
      null,
    );
  }
  writer.writeMessage(
    2,
    (_, trainer) => {
      if (algorithm !== undefined) trainer.writeVarintField(3, algorithm);
      if (byteFallback !== undefined) trainer.writeBooleanField(35, byteFallback);
    },
    null,
  );
  if (charsmap !== undefined)
    writer.writeMessage(3, (bytes, spec) => spec.writeBytesField(2, bytes), charsmap);
  return writer.finish();
}

/** A charsmap of empty units and one empty replacement. */
function trie(claimedBytes: number, units: number): Uint8Array {
  const bytes = new Uint8Array(4 + units * 4 + 1);
  new DataView(bytes.buffer).setUint32(0, claimedBytes, true);
  return bytes;
}

/** The root's children lie beyond the last unit. */
function strayTrie(): Uint8Array {
  const bytes = trie(1024, 256);
  new DataView(bytes.buffer).setUint32(4, 5000 << 10, true);
  return bytes;
}

/** Unit 1 has the label 1 and points back at unit 0: any run of U+0001 is on its path. */
function loopingTrie(): Uint8Array {
  const bytes = trie(1024, 256);
  new DataView(bytes.buffer).setUint32(4 + 4, (1 << 10) | 1, true);
  return bytes;
}
