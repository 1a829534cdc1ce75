import { type ComputeDtype, type Job, throwIfAborted } from "@revocab/core";
import { loadOnnxRuntime, type OnnxTensor } from "@revocab/onnx";
import { PORTS } from "../graph/ports.ts";
import { decodeF16, decodeF32 } from "../weight-tensor.ts";
import type { PartTensor } from "../weights.ts";
import { FileReader } from "./file-reader.ts";

/** The weights of one part as its graph takes them, by the names of its ports. */
export type PartFeeds = Readonly<Record<string, OnnxTensor>>;

export interface TakenPart {
  readonly feeds: PartFeeds;
  /** All of them in f32, where they are or that was asked for. */
  readonly reference?: PartFeeds;
}

/** Takes the weights of parts into memory. */
export interface PartWeights {
  /**
   * The weights of part `index`. Where parts do not stay in memory they are valid until those of another part are asked for, and
   * those of part `next` begin to be read.
   * @param options `withReference`: give them in f32, too, until those of another part are asked for @default false
   * @throws RevocabError `file_changed`, `bad_safetensors`, `missing_file`, `aborted`; `unsupported_dtype` for a weight beyond f16, where
   *   that is what it is multiplied in
   */
  take(
    index: number,
    options?: { readonly next?: number; readonly withReference?: boolean; readonly job?: Job },
  ): Promise<TakenPart>;
  /** Forgets what it holds; later parts are read again. */
  clear(): void;
  close(): Promise<void>;
}

/** Bytes that the weights of a part take: as its graph takes them, all in f32, and in the files. */
export interface PartSize {
  readonly held: number;
  readonly f32: number;
  readonly stored: number;
}

export function sizeOf(tensors: readonly PartTensor[]): PartSize {
  const sum = (bytesOf: (tensor: PartTensor) => number) =>
    tensors.reduce((total, tensor) => total + aligned(bytesOf(tensor)), 0);
  return { held: sum(heldBytes), f32: sum(f32Bytes), stored: sum(({ entry }) => entry.end - entry.start) };
}

const f32Bytes = ({ shape }: PartTensor) => 4 * elementsOf(shape);
const heldBytes = ({ shape, as }: PartTensor) => (as === "f16" ? 2 : 4) * elementsOf(shape);

/** @param stays whether parts stay in memory once they were read */
export function openPartWeights(
  parts: readonly (readonly PartTensor[])[],
  { stays }: { readonly stays: boolean },
): PartWeights {
  const reader = new FileReader();
  const kept = new Map<number, PartFeeds>();
  let raw: Uint8Array | undefined;
  let held: Uint8Array | undefined;
  let referenceHeld: Uint8Array | undefined;
  let ahead: { readonly index: number; readonly done: Promise<void> } | undefined;
  const largest = (size: keyof PartSize) => Math.max(...parts.map((part) => sizeOf(part)[size]));

  /** All reads begin at once, in the order of the files: the next part is read while this one computes. */
  function begin(index: number): Promise<void> {
    raw ??= new Uint8Array(largest("stored"));
    const buffer = raw;
    const reads = placesOf(parts[index]).map(async ({ tensor: { file, entry }, stored }) => {
      const length = entry.end - entry.start;
      await reader.read(file, buffer.subarray(stored, stored + length), entry.start);
    });
    const done = Promise.all(reads).then(() => {});
    done.catch(() => {}); // thrown when the part is taken
    ahead = { index, done };
    return done;
  }

  function roomFor(index: number): Uint8Array {
    if (stays) return new Uint8Array(sizeOf(parts[index]).held);
    held ??= new Uint8Array(largest("held"));
    return held;
  }

  async function decoded(
    index: number,
    into: Uint8Array,
    typeOf: (tensor: PartTensor) => ComputeDtype,
    job: Job | undefined,
  ): Promise<PartFeeds> {
    const { Tensor } = await loadOnnxRuntime();
    const feeds: Record<string, OnnxTensor> = {};
    let start = 0;
    for (const [i, { tensor, stored }] of placesOf(parts[index]).entries()) {
      throwIfAborted(job?.abortSignal);
      const { entry, file, dtype, shape } = tensor;
      const bytes = (raw as Uint8Array).subarray(stored, stored + entry.end - entry.start);
      const place = [into.buffer, into.byteOffset + start, elementsOf(shape)] as const;
      const isHalf = typeOf(tensor) === "f16";
      const target = isHalf ? new Uint16Array(...place) : new Float32Array(...place);
      if (target instanceof Uint16Array) decodeF16(dtype, bytes, target, `${entry.name} in ${file.path}`);
      else decodeF32(dtype, bytes, target);
      feeds[PORTS.weight(i)] = new Tensor(isHalf ? "float16" : "float32", target, shape);
      start += aligned(target.byteLength);
    }
    return feeds;
  }

  return {
    async take(index, { next, withReference = false, job } = {}) {
      const known = kept.get(index);
      const isExact = parts[index].every(({ as }) => as === "f32");
      if (known !== undefined && (isExact || !withReference)) return { feeds: known, reference: known };
      if (ahead !== undefined && ahead.index !== index) await ahead.done.catch(() => {});
      await (ahead?.index === index ? ahead.done : begin(index));
      ahead = undefined;
      const feeds = known ?? (await decoded(index, roomFor(index), ({ as }) => as, job));
      let reference = isExact ? feeds : undefined;
      if (withReference && !isExact) {
        referenceHeld ??= new Uint8Array(largest("f32"));
        reference = await decoded(index, referenceHeld, () => "f32", job);
      } else referenceHeld = undefined;
      if (stays) {
        kept.set(index, feeds);
        if (kept.size === parts.length) raw = undefined;
      } else if (next !== undefined) void begin(next);
      return { feeds, reference };
    },
    clear() {
      kept.clear();
    },
    async close() {
      await ahead?.done.catch(() => {});
      kept.clear();
      raw = held = referenceHeld = undefined;
      await reader.close();
    },
  };
}

/** Where each tensor of a part stands in the bytes that are read, each on a line of the cache of its own. */
function placesOf(tensors: readonly PartTensor[]) {
  let stored = 0;
  return tensors.map((tensor) => {
    const place = { tensor, stored };
    stored += aligned(tensor.entry.end - tensor.entry.start);
    return place;
  });
}

function aligned(count: number): number {
  return Math.ceil(count / 64) * 64;
}

function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
