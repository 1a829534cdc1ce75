import { RevocabError } from "@revocab/core";

const BLOCK_BYTES = 4 << 20;

/**
 * Rows of floats, [rows × columns], in blocks of about 4 MiB: they grow without a second copy, and no single array
 * meets the engine's limit, which a 7 GB model would.
 */
export class RowBlocks {
  readonly columns: number;
  readonly #rowsPerBlock: number;
  readonly #blocks: Float32Array[] = [];
  #rows = 0;

  private constructor(columns: number, rowsPerBlock: number) {
    this.columns = columns;
    this.#rowsPerBlock = rowsPerBlock;
  }

  /** @param expectedRows a block is not made larger than these need */
  static empty(columns: number, expectedRows: number = Number.POSITIVE_INFINITY): RowBlocks {
    return new RowBlocks(
      columns,
      Math.max(1, Math.min(expectedRows, Math.floor(BLOCK_BYTES / (4 * columns)))),
    );
  }

  /** Rows that are in memory already, not copied; `data` has a whole number of rows. */
  static over(data: Float32Array, columns: number): RowBlocks {
    const rows = data.length / columns;
    const made = new RowBlocks(columns, Math.max(1, rows));
    made.#blocks.push(data);
    made.#rows = rows;
    return made;
  }

  get rows(): number {
    return this.#rows;
  }

  /** One more row, to be filled. */
  addRow(): Float32Array {
    return this.addRows(1);
  }

  /**
   * [k × columns] room for at least one and at most `wanted` more rows, to be filled before the next call.
   * @throws RevocabError `bad_vectors` when memory is full
   */
  addRows(wanted: number): Float32Array {
    const used = this.#rows % this.#rowsPerBlock;
    if (used === 0) this.#blocks.push(this.#newBlock());
    const count = Math.min(wanted, this.#rowsPerBlock - used);
    this.#rows += count;
    const block = this.#blocks.at(-1) as Float32Array;
    return block.subarray(used * this.columns, (used + count) * this.columns);
  }

  #newBlock(): Float32Array {
    try {
      return new Float32Array(this.#rowsPerBlock * this.columns);
    } catch (cause) {
      const held = ((this.#rows * this.columns * 4) / 1e9).toFixed(1);
      throw new RevocabError("bad_vectors", `the vectors do not fit in memory: ${held} GB of them are read`, {
        hint: "read the most frequent words only: set maxWords",
        cause,
      });
    }
  }

  /** Forgets the last row. */
  dropRow(): void {
    this.#rows--;
    if (this.#rows % this.#rowsPerBlock === 0) this.#blocks.pop();
  }

  /** Adds a row to sum[offset … offset + columns), each value rounded to a float as fastText does. */
  addTo(sum: Float32Array, offset: number, row: number): void {
    const block = this.#blocks[Math.floor(row / this.#rowsPerBlock)] as Float32Array;
    const start = (row % this.#rowsPerBlock) * this.columns;
    for (let i = 0; i < this.columns; i++) {
      sum[offset + i] = (sum[offset + i] as number) + (block[start + i] as number);
    }
  }
}
