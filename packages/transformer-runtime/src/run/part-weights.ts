import { type Job, throwIfAborted } from "@revocab/core";
import { decodeInto } from "@revocab/matrix";
import { loadOnnxRuntime, type OnnxTensor } from "@revocab/onnx";
import { PORTS } from "../graph/ports.ts";
import type { FoundTensor } from "../weights.ts";
import { FileReader } from "./file-reader.ts";

/** The weights of one part as its graph takes them, in f32, by the names of its ports. */
export type PartFeeds = Readonly<Record<string, OnnxTensor>>;

/** Takes the weights of parts into memory. */
export interface PartWeights {
  /** Bytes read from the files so far. */
  readonly bytesRead: number;
  /**
   * The weights of part `index`. Where parts do not stay in memory they are valid until those of another part are asked for, and
   * those of part `next` begin to be read.
   * @throws RevocabError `file_changed`, `bad_safetensors`, `missing_file`, `aborted`
   */
  take(index: number, options?: { readonly next?: number; readonly job?: Job }): Promise<PartFeeds>;
  /** Forgets what it holds; later parts are read again. */
  clear(): void;
  close(): Promise<void>;
}

/** Bytes of f32 that the weights of a part take, and of the files. */
export function sizeOf(tensors: readonly FoundTensor[]): { readonly f32: number; readonly stored: number } {
  return {
    f32: 4 * tensors.reduce((sum, { shape }) => sum + aligned(elementsOf(shape)), 0),
    stored: tensors.reduce((sum, { entry }) => sum + aligned(entry.end - entry.start), 0),
  };
}

/** @param stays whether parts stay in memory once they were read */
export function openPartWeights(
  parts: readonly (readonly FoundTensor[])[],
  { stays }: { readonly stays: boolean },
): PartWeights {
  const reader = new FileReader();
  const kept = new Map<number, PartFeeds>();
  let bytesRead = 0;
  let raw: Uint8Array | undefined;
  let values: Float32Array | undefined;
  let ahead: { readonly index: number; readonly done: Promise<void> } | undefined;
  const largest = (size: "f32" | "stored") => Math.max(...parts.map((part) => sizeOf(part)[size]));

  /** All reads begin at once, in the order of the files: the next part is read while this one computes. */
  function begin(index: number): Promise<void> {
    raw ??= new Uint8Array(largest("stored"));
    const buffer = raw;
    const reads = placesOf(parts[index]).map(async ({ tensor: { file, entry }, stored }) => {
      const length = entry.end - entry.start;
      await reader.read(file, buffer.subarray(stored, stored + length), entry.start);
      bytesRead += length;
    });
    const done = Promise.all(reads).then(() => {});
    done.catch(() => {}); // thrown when the part is taken
    ahead = { index, done };
    return done;
  }

  async function decoded(index: number, into: Float32Array, job: Job | undefined): Promise<PartFeeds> {
    const { Tensor } = await loadOnnxRuntime();
    const feeds: Record<string, OnnxTensor> = {};
    for (const [i, { tensor, stored, start }] of placesOf(parts[index]).entries()) {
      throwIfAborted(job?.abortSignal);
      const { entry, dtype, shape } = tensor;
      const bytes = (raw as Uint8Array).subarray(stored, stored + entry.end - entry.start);
      const target = into.subarray(start, start + elementsOf(shape));
      if (dtype === "F64") target.set(doublesIn(bytes));
      else decodeInto(dtype, bytes, target);
      feeds[PORTS.weight(i)] = new Tensor("float32", target, shape);
    }
    return feeds;
  }

  return {
    get bytesRead() {
      return bytesRead;
    },
    async take(index, { next, job } = {}) {
      const known = kept.get(index);
      if (known !== undefined) return known;
      if (ahead !== undefined && ahead.index !== index) await ahead.done.catch(() => {});
      await (ahead?.index === index ? ahead.done : begin(index));
      ahead = undefined;
      if (stays) {
        const feeds = await decoded(index, new Float32Array(sizeOf(parts[index]).f32 / 4), job);
        kept.set(index, feeds);
        if (kept.size === parts.length) raw = undefined;
        return feeds;
      }
      values ??= new Float32Array(largest("f32") / 4);
      const feeds = await decoded(index, values, job);
      if (next !== undefined) void begin(next);
      return feeds;
    },
    clear() {
      kept.clear();
    },
    async close() {
      await ahead?.done.catch(() => {});
      kept.clear();
      raw = undefined;
      values = undefined;
      await reader.close();
    },
  };
}

/** Where each tensor of a part stands: in bytes as stored, and in f32 values; each on a line of the cache of its own. */
function placesOf(tensors: readonly FoundTensor[]) {
  let stored = 0;
  let start = 0;
  return tensors.map((tensor) => {
    const place = { tensor, stored, start };
    stored += aligned(tensor.entry.end - tensor.entry.start);
    start += aligned(elementsOf(tensor.shape));
    return place;
  });
}

function aligned(count: number): number {
  return Math.ceil(count / 64) * 64;
}

function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function doublesIn(bytes: Uint8Array): Float64Array {
  const { buffer, byteOffset, byteLength } = bytes;
  return new Float64Array(buffer, byteOffset, byteLength / 8);
}
