import type { EmbeddingTable, InitContext, Matrix, Vocabulary } from "@revocab/core";
import { randomStream, storeMatrix } from "@revocab/matrix";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { byte, handMadeVocabulary, special, text, UNUSED } from "./hand-made-vocabulary.ts";

/** Two bytes for one letter, a duplicate, a hole, byte tokens and specials: whatever a method may stumble on. */
export const SOURCE_VOCABULARY: Vocabulary = handMadeVocabulary([
  special("<unk>", "unk"),
  special("<s>", "bos"),
  special("</s>", "eos"),
  byte(0xc3),
  byte(0xa9),
  byte(0x0a),
  byte(0x61),
  UNUSED,
  ...Array.from("abcdefghij", (letter) => text(letter)),
  text("a", "a again"),
  text("ab"),
  text(" c", "▁c"),
]);

export const TARGET_VOCABULARY: Vocabulary = handMadeVocabulary([
  special("<|endoftext|>", "bos", "eos", "unk"),
  special("<|unheard|>"),
  ...[
    "a",
    "b",
    "ab",
    "abc",
    "abab",
    "aa",
    "é",
    "\n",
    " c",
    "fghij",
    "jig",
    "cab cab",
    "ö",
    "bé\nb",
    "jjjjjjjj",
  ].map((string) => text(string)),
  UNUSED,
  text("ga"),
]);

export interface ModelOptions {
  readonly columns?: number;
  /** Rows below the vocabulary's, as checkpoints are padded. */
  readonly padding?: number;
}

/** The tables of an untied model with a head bias, [V_s + padding × d], stored as bf16. */
export function makeTables({ columns = 6, padding = 3 }: ModelOptions = {}): readonly EmbeddingTable[] {
  const rows = SOURCE_VOCABULARY.size + padding;
  return [
    {
      slot: "input",
      role: "input",
      isBias: false,
      matrix: storeMatrix(randomMatrix(rows, columns, 1), "BF16"),
    },
    {
      slot: "output",
      role: "output",
      isBias: false,
      matrix: storeMatrix(randomMatrix(rows, columns, 2), "BF16"),
    },
    {
      slot: "output.bias",
      role: "output",
      isBias: true,
      matrix: storeMatrix(randomMatrix(rows, 1, 3), "BF16"),
    },
  ];
}

export function makeContext(
  target: Vocabulary = TARGET_VOCABULARY,
  tables: readonly EmbeddingTable[] = makeTables(),
): InitContext {
  return {
    source: { vocabulary: SOURCE_VOCABULARY, tables },
    target: { vocabulary: target },
    alignment: alignVocabularies({ source: SOURCE_VOCABULARY, target }),
    seed: 7,
    initializerRange: 0.02,
  };
}

export function randomMatrix(rows: number, columns: number, seed: number): Matrix {
  const { normal } = randomStream(seed, 0);
  return { rows, columns, data: Float32Array.from({ length: rows * columns }, normal) };
}
