import { RevocabError, type StoredMatrix } from "@revocab/core";
import { readMatrix } from "@revocab/matrix";
import { LRUCache } from "lru-cache";

/** Rows that are read at the same time: each takes its memory before the read begins. */
const READS_AT_ONCE = 1024;

/** Rows of a table as f32, read when they are first needed: texts use few tokens often. */
export class RowCache {
  readonly #matrix: StoredMatrix;
  readonly #rows: LRUCache<number, Float32Array>;

  constructor(matrix: StoredMatrix, { limitBytes = 256e6 }: { limitBytes?: number } = {}) {
    const most = Math.floor(limitBytes / (matrix.columns * 4));
    this.#matrix = matrix;
    // at most the rows there are, as the cache takes memory for `max` keys when it begins
    this.#rows = new LRUCache({ max: Math.max(1, Math.min(most, matrix.rows)) });
  }

  /**
   * Writes row tokens[i] to `into` at row `startRow` + i.
   * @throws RevocabError `shape_mismatch` for an id without a row
   */
  async fill(tokens: Uint32Array, into: Float32Array, startRow: number): Promise<void> {
    const { columns, rows } = this.#matrix;
    const beyond = tokens.find((token) => token >= rows);
    if (beyond !== undefined) {
      throw new RevocabError(
        "shape_mismatch",
        `token ${beyond} was given to a model whose embeddings have ${rows} rows`,
        { hint: "the tokenizer belongs to another model" },
      );
    }
    const places = new Map<number, number[]>();
    for (const [i, token] of tokens.entries()) {
      const known = places.get(token);
      if (known === undefined) places.set(token, [i]);
      else known.push(i);
    }
    const distinct = [...places];
    for (let start = 0; start < distinct.length; start += READS_AT_ONCE) {
      const some = distinct.slice(start, start + READS_AT_ONCE);
      await Promise.all(
        some.map(async ([token, found]) => {
          const row = this.#rows.get(token) ?? (await this.#read(token));
          this.#rows.set(token, row);
          for (const i of found) into.set(row, (startRow + i) * columns);
        }),
      );
    }
  }

  async #read(token: number): Promise<Float32Array> {
    return (await readMatrix(this.#matrix, token, 1)).data;
  }
}
