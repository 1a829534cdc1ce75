import { RevocabError, type StoredMatrix } from "@revocab/core";
import { readMatrix } from "@revocab/matrix";

/** Rows of a table as f32, read when they are first asked for: texts use few tokens often. */
export class RowCache {
  readonly #matrix: StoredMatrix;
  readonly #rows = new Map<number, Float32Array>();
  readonly #limit: number;

  constructor(matrix: StoredMatrix, { limitBytes = 256e6 }: { limitBytes?: number } = {}) {
    this.#matrix = matrix;
    this.#limit = Math.max(1, Math.floor(limitBytes / (matrix.columns * 4)));
  }

  /**
   * Writes row tokens[i] to `into` at row `startRow` + i.
   * @throws RevocabError `shape_mismatch` for an id without a row
   */
  async fill(tokens: Uint32Array, into: Float32Array, startRow: number): Promise<void> {
    const { columns, rows } = this.#matrix;
    const missing = [...new Set(tokens)].filter((token) => !this.#rows.has(token));
    const beyond = missing.find((token) => token >= rows);
    if (beyond !== undefined) {
      throw new RevocabError(
        "shape_mismatch",
        `token ${beyond} was given to a model whose embeddings have ${rows} rows`,
        { hint: "the tokenizer belongs to another model" },
      );
    }
    if (this.#rows.size + missing.length > this.#limit) {
      this.#rows.clear();
      return this.#fillFresh(tokens, into, startRow);
    }
    await Promise.all(missing.map(async (token) => this.#rows.set(token, await this.#read(token))));
    for (const [i, token] of tokens.entries()) {
      into.set(this.#rows.get(token) as Float32Array, (startRow + i) * columns);
    }
  }

  /** More distinct tokens than may be kept: row by row. */
  async #fillFresh(tokens: Uint32Array, into: Float32Array, startRow: number): Promise<void> {
    for (const [i, token] of tokens.entries()) {
      into.set(await this.#read(token), (startRow + i) * this.#matrix.columns);
    }
  }

  async #read(token: number): Promise<Float32Array> {
    return (await readMatrix(this.#matrix, token, 1)).data;
  }
}
