import { REAL_TOKENIZERS, type RealTokenizer, realData } from "@revocab/test-support/real-data";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

interface Counts {
  /** Ids for which spell(bytesOf(id)) is [id]. */
  readonly reachable: number;
  /** Another id stands for the same bytes and comes first: a text token before its byte token, an added token. */
  readonly sameBytes: number;
  /** The model spells the bytes in several pieces: no merges lead there, or the pieces score higher. */
  readonly inPieces: number;
  readonly special: number;
  readonly unused: number;
}

/** What is not reachable, and why, beside each. */
const EXPECTED: Readonly<Record<RealTokenizer, Counts>> = {
  "models/shakespeare-char": { reachable: 65, sameBytes: 0, inPieces: 0, special: 0, unused: 0 },
  // 88 of its 256 byte tokens stand for characters that are pieces too.
  "models/stories260k": { reachable: 421, sameBytes: 88, inPieces: 0, special: 3, unused: 0 },
  // [unused1] … are rows that no text produces.
  "tokenizers/bert-cased": { reachable: 28_890, sameBytes: 0, inPieces: 0, special: 5, unused: 101 },
  "tokenizers/de-bpe-50k": { reachable: 49_995, sameBytes: 0, inPieces: 0, special: 5, unused: 0 },
  // ` bin.` and ` Bild.` score lower than the word and the full stop.
  "tokenizers/de-unigram-50k": { reachable: 49_993, sameBytes: 0, inPieces: 2, special: 5, unused: 0 },
  "tokenizers/gpt2": { reachable: 50_256, sameBytes: 0, inPieces: 0, special: 1, unused: 0 },
  // Byte tokens of the 95 printable ASCII characters and \r, which are pieces too.
  "tokenizers/llama-2": { reachable: 31_901, sameBytes: 96, inPieces: 0, special: 3, unused: 0 },
  "tokenizers/mistral-v0.1": { reachable: 31_872, sameBytes: 125, inPieces: 0, special: 3, unused: 0 },
  "tokenizers/phi-3": { reachable: 31_901, sameBytes: 96, inPieces: 0, special: 14, unused: 0 },
  // 23 runs of 2 to 24 spaces are added tokens and, some of them, merges too; the added token comes first.
  "tokenizers/pythia": { reachable: 50_252, sameBytes: 23, inPieces: 0, special: 7, unused: 0 },
  "tokenizers/qwen2": { reachable: 151_643, sameBytes: 0, inPieces: 0, special: 3, unused: 0 },
  // <|endoftext|> and madeupword0000 … 0002: entries of the fairseq dictionary that have no merges.
  "tokenizers/roberta-base": { reachable: 50_256, sameBytes: 0, inPieces: 4, special: 5, unused: 0 },
  "tokenizers/sentencepiece/en-1000.model": {
    reachable: 997,
    sameBytes: 0,
    inPieces: 0,
    special: 3,
    unused: 0,
  },
  "tokenizers/sentencepiece/ja-8000.model": {
    reachable: 7996,
    sameBytes: 0,
    inPieces: 1,
    special: 3,
    unused: 0,
  },
  "tokenizers/sentencepiece/tinystories-4000.model": {
    reachable: 3996,
    sameBytes: 0,
    inPieces: 0,
    special: 4,
    unused: 0,
  },
  // ` mtu,`, ` mtu.`, ` mimi.` and their like score lower than the word and the mark.
  "tokenizers/sw-unigram-50k": { reachable: 49_986, sameBytes: 0, inPieces: 9, special: 5, unused: 0 },
  // ` Its` and ` mes` score lower than two pieces.
  "tokenizers/t5-small": { reachable: 31_995, sameBytes: 0, inPieces: 2, special: 103, unused: 0 },
  "tokenizers/tinystories-bpe-1024": { reachable: 1023, sameBytes: 0, inPieces: 0, special: 1, unused: 0 },
};

describe.skipIf(realData === undefined)("spelling what a token stands for gives the token", () => {
  it.each(REAL_TOKENIZERS)("%s, but for the counted exceptions", async (name) => {
    const { vocabulary } = await loadTokenizer(`${realData}/${name}`);
    const counts = { reachable: 0, sameBytes: 0, inPieces: 0, special: 0, unused: 0 };
    for (let id = 0; id < vocabulary.size; id++) {
      const kind = vocabulary.kindOf(id);
      if (kind === "special" || kind === "unused") {
        counts[kind]++;
        continue;
      }
      const bytes = vocabulary.bytesOf(id);
      const pieces = vocabulary.spell(bytes);
      if (pieces === undefined) throw new Error(`${id} is not spelled at all`);
      const spelled = Buffer.concat([...pieces].map((piece) => vocabulary.bytesOf(piece)));
      if (!spelled.equals(bytes)) throw new Error(`${id} is spelled as other bytes`);
      if (pieces.length === 1) counts[pieces[0] === id ? "reachable" : "sameBytes"]++;
      else counts.inPieces++;
    }
    expect(counts).toEqual(EXPECTED[name]);
  });
});
