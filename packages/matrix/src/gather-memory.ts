import { BYTES_PER_VALUE, type Mixture, type StoredDtype } from "@revocab/core";
import type { GatherTask } from "./gather-task.ts";
import { borrowMemory, KERNEL_BYTES } from "./kernels.ts";
import type { RowRange } from "./mixture-blocks.ts";
import type { ReferencedRows } from "./source-slabs.ts";
import type { WasmMemory } from "./web-assembly.ts";

/** The shapes one memory has to hold. */
export interface GatherShape {
  readonly dtype: StoredDtype;
  readonly tableRows: number;
  readonly basisRows: number;
  /** Columns of the widest slab. */
  readonly columns: number;
  /** Target rows and sources of the largest block. */
  readonly blockRows: number;
  readonly blockSources: number;
}

/** One of the two places a block is computed in, while the other is being delivered. */
interface BlockSlot {
  readonly offsets: number;
  readonly pointers: number;
  readonly weights: number;
  readonly out: number;
}

/**
 * The shared memory of one product: two block slots, then the rows of E as stored, then the basis rows as f32. The kernel
 * tells a basis row by its address alone.
 */
export interface GatherMemory {
  readonly memory: WasmMemory;
  /** [tableRows × columns] values of `dtype`, for a slab of `columns`. */
  table(columns: number): Uint8Array;
  /** [basisRows × columns] */
  basis(columns: number): Float32Array;
  /** Writes the block's part of the mixture into slot `slot`. */
  placeBlock(slot: number, block: RowRange, columns: number): void;
  /** The task that computes `rows`, a part of `block`, in slot `slot`. */
  task(slot: number, block: RowRange, rows: RowRange, columns: number): GatherTask;
  /** The bytes of the computed block. */
  output(slot: number, block: RowRange, columns: number): Uint8Array;
}

export function gatherMemory(mixture: Mixture, rows: ReferencedRows, shape: GatherShape): GatherMemory {
  const size = BYTES_PER_VALUE[shape.dtype];
  let end = KERNEL_BYTES;
  const reserve = (bytes: number) => {
    const at = end;
    end = Math.ceil((end + bytes) / 64) * 64;
    return at;
  };
  const slots: BlockSlot[] = [0, 1].map(() => ({
    offsets: reserve((shape.blockRows + 1) * 4),
    pointers: reserve(shape.blockSources * 4),
    weights: reserve(shape.blockSources * 4),
    out: reserve(shape.blockRows * shape.columns * size),
  }));
  const tableStart = reserve(shape.tableRows * shape.columns * size);
  const basisStart = reserve(shape.basisRows * shape.columns * 4);
  const memory = borrowMemory(end);
  const { buffer } = memory;
  const sourceRows = rows.placeOf.length;

  return {
    memory,
    table: (columns) => new Uint8Array(buffer, tableStart, shape.tableRows * columns * size),
    basis: (columns) => new Float32Array(buffer, basisStart, shape.basisRows * columns),
    placeBlock(slot, block, columns) {
      const { offsets, pointers, weights } = slots[slot];
      const first = mixture.offsets[block.start];
      const last = mixture.offsets[block.end];
      const placedOffsets = new Uint32Array(buffer, offsets, block.end - block.start + 1);
      for (let i = 0; i < placedOffsets.length; i++)
        placedOffsets[i] = mixture.offsets[block.start + i] - first;
      new Float32Array(buffer, weights, last - first).set(mixture.weights.subarray(first, last));
      const placedPointers = new Uint32Array(buffer, pointers, last - first);
      for (let i = first; i < last; i++) {
        const source = mixture.sources[i];
        placedPointers[i - first] =
          source < sourceRows
            ? tableStart + rows.placeOf[source] * columns * size
            : basisStart + (source - sourceRows) * columns * 4;
      }
    },
    task(slot, block, range, columns) {
      const { offsets, pointers, weights, out } = slots[slot];
      const skipped = range.start - block.start;
      return {
        dtype: shape.dtype,
        rows: range.end - range.start,
        columns,
        offsets: offsets + skipped * 4,
        pointers,
        weights,
        basis: basisStart,
        out: out + skipped * columns * size,
      };
    },
    output: (slot, block, columns) =>
      new Uint8Array(buffer, slots[slot].out, (block.end - block.start) * columns * size),
  };
}
