import {
  BYTES_PER_VALUE,
  type Job,
  type Matrix,
  type Mixture,
  type StoredMatrix,
  threadsOf,
  throwIfAborted,
} from "@revocab/core";
import { type GatherMemory, gatherMemory } from "./gather-memory.ts";
import { checkBasisWidth } from "./gather-sum.ts";
import { kernelPool } from "./kernel-pool.ts";
import { returnMemory } from "./kernels.ts";
import { mixtureBlocks, type RowRange, shareOfRows } from "./mixture-blocks.ts";
import { checkMixture } from "./mixtures.ts";
import { type ColumnSlab, loadBasisSlab, loadSlab, referencedRows } from "./source-slabs.ts";

/** A rectangle of the product, in the dtype of the source matrix. */
export interface ProductBlock {
  readonly startRow: number;
  readonly rows: number;
  readonly startColumn: number;
  readonly columns: number;
  /** [rows × columns] values, row-major, little-endian; valid until the promise of `onBlock` settles. */
  readonly bytes: Uint8Array;
}

export interface MultiplyMixtureOptions {
  /** W [n × (V + x)] */
  readonly mixture: Mixture;
  /** E [V × d] */
  readonly source: StoredMatrix;
  /** X [x × d] @default no rows */
  readonly basis?: Matrix;
  /** `threads`: worker threads; a product of less than 64 MB is computed on the calling thread. @default 2, or 1 on one core */
  readonly job?: Job;
  /** Bytes of E and X held at a time; more is done in slabs of columns, reading E once for each. @default 2.5 GiB */
  readonly memoryLimit?: number;
  /** The name of the step in progress events. @default "compute rows" */
  readonly step?: string;
  /** Called for one block at a time, in order of columns, then rows; the next block is computed meanwhile. */
  readonly onBlock: (block: ProductBlock) => void | Promise<void>;
}

/**
 * W [n × (V + x)] · [E [V × d]; X [x × d]] → [n × d], encoded in the dtype of E and rounded once; the bytes are those of
 * `encodeInto(gatherSum(…))` for any number of threads, block or slab. Only rows of E that W names are read.
 * Peak memory: those rows as stored, or `memoryLimit`, and about 64 MB.
 * @throws RevocabError shape_mismatch, bad_plan, bad_options before anything is read; aborted; what `readRows` and
 * `onBlock` throw. All threads have ended by then.
 */
export async function multiplyMixture({
  mixture,
  source,
  basis = { rows: 0, columns: source.columns, data: new Float32Array(0) },
  job,
  memoryLimit = 2.5 * 2 ** 30,
  step = "compute rows",
  onBlock,
}: MultiplyMixtureOptions): Promise<void> {
  const threads = threadsOf(job, 2);
  checkMixture(mixture, source.rows, basis.rows);
  checkBasisWidth(source.columns, basis);
  throwIfAborted(job?.abortSignal);
  const targetRows = mixture.offsets.length - 1;
  if (targetRows === 0 || source.columns === 0) return;

  const size = BYTES_PER_VALUE[source.dtype];
  const needed = referencedRows(mixture, source.rows, Math.floor(GAP_BYTES / (source.columns * size)));
  const slabs = columnSlabs(source.columns, needed.count * size + basis.rows * 4, memoryLimit);
  const widest = slabs[0].count;
  const blockRows = Math.max(1, Math.floor(BLOCK_BYTES / (widest * size)));
  const blocks = mixtureBlocks(mixture.offsets, blockRows, BLOCK_SOURCES);
  const memory = gatherMemory(mixture, needed, {
    dtype: source.dtype,
    tableRows: needed.count,
    basisRows: basis.rows,
    columns: widest,
    blockRows: Math.max(...blocks.map(({ start, end }) => end - start)),
    blockSources: Math.max(...blocks.map(({ start, end }) => mixture.offsets[end] - mixture.offsets[start])),
  });
  const gathered = (mixture.sources.length + targetRows) * source.columns * size;
  const pool = kernelPool(memory.memory, gathered < SMALL_BYTES ? 0 : threads, source.dtype);
  const total = targetRows * slabs.length;
  let done = 0;

  const compute = (slab: ColumnSlab, block: RowRange, slot: number) => {
    memory.placeBlock(slot, block, slab.count);
    const shares = shareOfRows(block, mixture.offsets, pool.size);
    return pool.run(shares.map((rows) => memory.task(slot, block, rows, slab.count)));
  };
  const deliver = async (slab: ColumnSlab, block: RowRange, slot: number) => {
    await onBlock(productBlock(memory, slab, block, slot));
    done += block.end - block.start;
    job?.onProgress?.({ type: "progress", step, done, total, unit: "rows" });
  };

  try {
    for (const slab of slabs) {
      await loadSlab(source, needed, slab, memory.table(slab.count), job?.abortSignal);
      loadBasisSlab(basis, slab, memory.basis(slab.count));
      let delivery = Promise.resolve();
      for (let i = 0; i < blocks.length; i++) {
        await settleBoth(compute(slab, blocks[i], i % 2), delivery);
        delivery = deliver(slab, blocks[i], i % 2);
        if (job?.abortSignal?.aborted) break;
      }
      await delivery;
      throwIfAborted(job?.abortSignal);
    }
  } finally {
    await pool.close();
    returnMemory(memory.memory);
  }
}

const GAP_BYTES = 256 << 10;
const BLOCK_BYTES = 8 << 20;
const BLOCK_SOURCES = 1 << 19;
const SMALL_BYTES = 64e6;

/** The fewest slabs whose table fits the limit; a full cache line of columns where there is a choice. */
function columnSlabs(columns: number, bytesPerColumn: number, memoryLimit: number): ColumnSlab[] {
  const limit = Math.min(memoryLimit, ADDRESSABLE_BYTES);
  const fitting = Math.max(1, Math.min(columns, Math.floor(limit / Math.max(1, bytesPerColumn))));
  const width = fitting < columns && fitting > 32 ? fitting - (fitting % 32) : fitting;
  const slabs: ColumnSlab[] = [];
  for (let start = 0; start < columns; start += width) {
    slabs.push({ start, count: Math.min(width, columns - start) });
  }
  return slabs;
}

/** What 32-bit addresses reach, less the blocks. */
const ADDRESSABLE_BYTES = 3.75 * 2 ** 30;

function productBlock(memory: GatherMemory, slab: ColumnSlab, block: RowRange, slot: number): ProductBlock {
  return {
    startRow: block.start,
    rows: block.end - block.start,
    startColumn: slab.start,
    columns: slab.count,
    bytes: memory.output(slot, block, slab.count),
  };
}

/** Waits for both even when one fails, so that nothing still runs on a memory that is being given up. */
async function settleBoth(computing: Promise<void>, delivering: Promise<void>): Promise<void> {
  const results = await Promise.allSettled([delivering, computing]);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
