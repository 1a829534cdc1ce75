import type { Donor, EmbeddingTable, InitContext, Matrix, Vocabulary } from "@revocab/core";
import { storeMatrix } from "@revocab/matrix";
import {
  makeContext,
  randomMatrix,
  SOURCE_VOCABULARY,
  TARGET_VOCABULARY,
} from "@revocab/test-support/contract-models";
import { alignVocabularies } from "@revocab/vocab-alignment";

export function tableOf(slot: string, matrix: Matrix): EmbeddingTable {
  return {
    slot,
    role: slot.startsWith("input") ? "input" : "output",
    isBias: false,
    matrix: storeMatrix(matrix),
  };
}

/** A donor with tables for a vocabulary, which is aligned with the target. */
export function donorOf(
  tables: readonly EmbeddingTable[],
  vocabulary: Vocabulary = TARGET_VOCABULARY,
  target: Vocabulary = TARGET_VOCABULARY,
): Donor {
  return { vocabulary, tables, alignment: alignVocabularies({ source: vocabulary, target }) };
}

/** [V_t + 2 × d] an input and a head of the donor's own. */
export function untiedTables(vocabulary: Vocabulary, columns = 9): readonly EmbeddingTable[] {
  return [
    tableOf("input", randomMatrix(vocabulary.size + 2, columns, 31)),
    tableOf("output", randomMatrix(vocabulary.size + 2, columns, 32)),
  ];
}

export function contextWith(
  donor: Donor,
  tables: readonly EmbeddingTable[] = sourceTables(),
  target: Vocabulary = TARGET_VOCABULARY,
): InitContext {
  return { ...makeContext(target, tables), donor: async () => donor };
}

export function sourceTables(columns = 6): readonly EmbeddingTable[] {
  return [
    tableOf("input", randomMatrix(SOURCE_VOCABULARY.size, columns, 1)),
    tableOf("output", randomMatrix(SOURCE_VOCABULARY.size, columns, 2)),
  ];
}

/** A [n × p] · M [p × q] */
export function product({ rows, columns, data }: Matrix, map: Matrix): Matrix {
  const result = new Float32Array(rows * map.columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < columns; k++) {
      for (let j = 0; j < map.columns; j++) {
        result[i * map.columns + j] += data[i * columns + k] * map.data[k * map.columns + j];
      }
    }
  }
  return { rows, columns: map.columns, data: result };
}
