import {
  BYTES_PER_VALUE,
  type EmbeddingTable,
  type Matrix,
  type TokenId,
  type Vocabulary,
} from "@revocab/core";
import { decodeInto } from "@revocab/matrix";

/** The rows of a table, held in memory as they are stored. */
export interface SourceRows {
  /** [V_s × d] as stored. */
  readonly bytes: Uint8Array;
  /** d */
  readonly columns: number;
  /** The candidates' rows as f32, some at a time; a block's memory is used again for the next one. */
  blocks(): Iterable<{ readonly start: number; readonly block: Matrix }>;
  /** Writes one row, of any source token, as f32. */
  copyRow(source: TokenId, into: Float32Array, at: number): void;
}

/**
 * The source tokens a new row may be a sum of: text and byte tokens that the tokenizer writes. A second token of the same
 * bytes (the byte token of a letter that has a text token too) is never written, so its row was never trained.
 */
export function candidateSources(vocabulary: Vocabulary, rows: number): Uint32Array {
  const ids = Array.from({ length: Math.min(vocabulary.size, rows) }, (_, id) => id);
  return Uint32Array.from(
    ids.filter((id) => {
      const kind = vocabulary.kindOf(id);
      return (kind === "text" || kind === "byte") && vocabulary.idsOf(vocabulary.bytesOf(id))[0] === id;
    }),
  );
}

/** Up to so many bytes of rows in f32 are decoded once and kept. */
const KEPT_BYTES = 256 << 20;
/** Of a larger table so many bytes are decoded at a time. */
const BLOCK_BYTES = 128 << 20;

/** What {@link holdSourceRows} takes at most, in bytes: the table as it is stored, and its rows as f32 or a part of them. */
export function sourceRowBytes({ matrix }: EmbeddingTable, candidates: number): number {
  const stored = matrix.rows * matrix.columns * BYTES_PER_VALUE[matrix.dtype];
  return stored + blockRows(candidates, matrix.columns) * matrix.columns * 4;
}

function blockRows(candidates: number, columns: number): number {
  const isSmall = candidates * columns * 4 <= KEPT_BYTES;
  return isSmall ? candidates : Math.max(1, Math.floor(BLOCK_BYTES / (4 * columns)));
}

/** @param candidates ascending */
export async function holdSourceRows(table: EmbeddingTable, candidates: Uint32Array): Promise<SourceRows> {
  const { matrix } = table;
  const { columns, dtype } = matrix;
  const rowBytes = columns * BYTES_PER_VALUE[dtype];
  const bytes = matrix.bytes ?? new Uint8Array(matrix.rows * rowBytes);
  if (matrix.bytes === undefined) await matrix.readRows(0, matrix.rows, bytes);
  const size = blockRows(candidates.length, columns);
  const scratch = new Float32Array(size * columns);
  let decoded = -1;

  function copyRow(source: TokenId, into: Float32Array, at: number): void {
    const row = bytes.subarray(source * rowBytes, (source + 1) * rowBytes);
    decodeInto(dtype, row, into.subarray(at, at + columns));
  }

  function* blocks() {
    for (let start = 0; start < candidates.length; start += size) {
      const rows = Math.min(size, candidates.length - start);
      if (decoded !== start) {
        for (let i = 0; i < rows; i++) copyRow(candidates[start + i], scratch, i * columns);
        decoded = start;
      }
      yield { start, block: { rows, columns, data: scratch.subarray(0, rows * columns) } };
    }
  }

  return { bytes, columns, blocks, copyRow };
}
