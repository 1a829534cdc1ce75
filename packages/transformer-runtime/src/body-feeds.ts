import type { OnnxRuntime, OnnxTensor } from "@revocab/onnx";
import type {
  AttentionDescription,
  DistanceBiasDescription,
  RelativeDescription,
  RotaryDescription,
  TransformerDescription,
} from "./description.ts";
import { PORTS, type Reach } from "./graph/ports.ts";

/** Sequences that run together, padded to the longest. */
export interface PaddedBatch {
  /** T_b of each sequence; T is the longest. */
  readonly lengths: readonly number[];
  /** Positions that went before, whose keys and values are fed too. */
  readonly past: number;
  /**
   * Positions there will be in the end, for rotary scalings that depend on it.
   * @default what is known: `past` and the sequence itself
   */
  readonly total?: number;
}

/** What a graph is fed besides states, keys and values: that of its inputs which says where the positions of a batch are. */
export function bodyFeeds(
  { Tensor }: OnnxRuntime,
  description: TransformerDescription,
  tables: ReadonlyMap<string, RotaryTables>,
  inputNames: readonly string[],
  { lengths, past, total }: PaddedBatch,
): Record<string, OnnxTensor> {
  const B = lengths.length;
  const T = Math.max(...lengths);
  const feeds: Record<string, OnnxTensor> = {};
  if (inputNames.includes(PORTS.grid)) {
    feeds[PORTS.grid] = new Tensor("int64", BigInt64Array.of(BigInt(B), BigInt(T), -1n), [3]);
  }
  for (const [name, { dimension }] of Object.entries(description.rotary)) {
    if (!inputNames.includes(PORTS.cosine(name))) continue;
    const half = dimension / 2;
    const cosine = new Float32Array(B * T * half);
    const sine = new Float32Array(B * T * half);
    lengths.forEach((length, b) => {
      const range = [b * T * half, (b * T + length) * half] as const;
      const end = past + length;
      tables.get(name)?.fill(past, end, total ?? end, cosine.subarray(...range), sine.subarray(...range));
    });
    feeds[PORTS.cosine(name)] = new Tensor("float32", cosine, [B, T, half]);
    feeds[PORTS.sine(name)] = new Tensor("float32", sine, [B, T, half]);
  }
  const { positions } = description.embedding;
  if (positions !== undefined && inputNames.includes(PORTS.positions)) {
    const ids = BigInt64Array.from({ length: B * T }, (_, i) => {
      const position = Math.min(i % T, (lengths[Math.floor(i / T)] as number) - 1);
      return BigInt(past + position + positions.first);
    });
    feeds[PORTS.positions] = new Tensor("int64", ids, [B * T]);
  }
  if (inputNames.includes(PORTS.relative)) {
    const rows = relativeRows(rowByDistance(description), T, past);
    feeds[PORTS.relative] = new Tensor("int64", rows, [T, past + T]);
  }
  for (const { attention } of description.layers) {
    const port = PORTS.mask(attention);
    if (!inputNames.includes(port) || port in feeds) continue;
    const mask = maskOf(description.kind, attention, lengths, T, past);
    feeds[port] = new Tensor("bool", mask, [B, 1, T, past + T]);
  }
  return feeds;
}

/** Keys and values of no positions. */
export function noPast(
  { Tensor }: OnnxRuntime,
  { keyValueHeads, headWidth, valueWidth = headWidth }: AttentionDescription,
  sequences: number,
): readonly [OnnxTensor, OnnxTensor] {
  const none = (width: number) =>
    new Tensor("float32", new Float32Array(0), [sequences, keyValueHeads, 0, width]);
  return [none(headWidth), none(valueWidth)];
}

/** The row of a table of distances for a key that stands so far before its query; after it, where that is negative. */
type RowByDistance = (distance: number) => number;

/** [T × past + T] the row of the table of relative positions for each query and key. */
export function relativeRows(rowOf: RowByDistance, T: number, past = 0): BigInt64Array {
  const S = past + T;
  const rows = Array.from({ length: S + T - 1 }, (_, i) => BigInt(rowOf(i - (T - 1))));
  return BigInt64Array.from(
    { length: T * S },
    (_, at) => rows[past + Math.floor(at / S) - (at % S) + T - 1] as bigint,
  );
}

/** All layers of a body share their distances in the same way. */
function rowByDistance({ kind, layers }: TransformerDescription): RowByDistance {
  const { relative, distanceBias } = layers[0]?.attention ?? {};
  if (relative !== undefined) return relativeRow(relative);
  if (distanceBias !== undefined) return biasRow(distanceBias, kind);
  throw new RangeError("a graph takes distances that its layers do not describe");
}

export function relativeRow({ span, buckets }: RelativeDescription): RowByDistance {
  return (distance) => {
    const place = buckets === undefined ? distance : bucketOf(distance, buckets);
    return Math.max(0, Math.min(place + span, 2 * span - 1));
  };
}

export function biasRow(
  { table, longest }: DistanceBiasDescription,
  kind: TransformerDescription["kind"],
): RowByDistance {
  if (kind === "causal") return (distance) => bucketUpTo(Math.max(0, distance), table.rows, longest);
  const half = Math.floor(table.rows / 2);
  return (distance) => bucketUpTo(Math.abs(distance), half, longest) + (distance < 0 ? half : 0);
}

/** Half of the buckets hold one distance each. In f32, step by step, as the reference library computes it. */
function bucketUpTo(distance: number, buckets: number, longest: number): number {
  const exact = Math.floor(buckets / 2);
  if (distance < exact) return distance;
  const logarithm = Math.fround(Math.log(Math.fround(distance / exact)));
  const share = Math.fround(logarithm / Math.fround(Math.log(longest / exact)));
  return Math.min(exact + Math.floor(Math.fround(share * (buckets - exact))), buckets - 1);
}

/** In f32, step by step, as the reference library computes it. */
function bucketOf(distance: number, { size, longest }: NonNullable<RelativeDescription["buckets"]>): number {
  const middle = Math.floor(size / 2);
  const far = Math.abs(distance);
  if (far <= middle) return distance;
  const logarithm = (value: number) => Math.fround(Math.log(Math.fround(value)));
  const share = Math.fround(logarithm(far / middle) / logarithm((longest - 1) / middle));
  return Math.sign(distance) * (Math.ceil(Math.fround(share * (middle - 1))) + middle);
}

/** [B × T × past + T], 1 where a position may look. A padded position looks at the first one, so that it is a number. */
function maskOf(
  kind: TransformerDescription["kind"],
  { window, chunk }: Reach,
  lengths: readonly number[],
  T: number,
  past: number,
): Uint8Array {
  const S = past + T;
  const mask = new Uint8Array(lengths.length * T * S);
  lengths.forEach((length, b) => {
    for (let t = 0; t < T; t++) {
      const position = past + t;
      const row = (b * T + t) * S;
      const reach = window ?? (chunk === undefined ? S : (position % chunk) + 1);
      const [from, to] =
        t >= length
          ? [0, 1]
          : kind === "causal"
            ? [position - reach + 1, position + 1]
            : [position - reach, Math.min(position + reach + 1, past + length)];
      mask.fill(1, row + Math.max(0, from), row + to);
    }
  });
  return mask;
}

/** Cosines and sines of one rotary embedding for positions 0 … n − 1, kept until others are needed. */
export class RotaryTables {
  readonly #description: RotaryDescription;
  #inverse: Float32Array = new Float32Array(0);
  #factor = 1;
  #positions = 0;
  #cosine: Float32Array = new Float32Array(0);
  #sine: Float32Array = new Float32Array(0);

  constructor(description: RotaryDescription) {
    this.#description = description;
  }

  /**
   * Writes the values for positions [start, end) of a sequence of `length`, each [(end − start) × dimension / 2].
   */
  fill(start: number, end: number, length: number, cosine: Float32Array, sine: Float32Array): void {
    const half = this.#description.dimension / 2;
    this.#prepare(length, half);
    cosine.set(this.#cosine.subarray(start * half, end * half));
    sine.set(this.#sine.subarray(start * half, end * half));
  }

  #prepare(length: number, half: number): void {
    const { inverse, factor } = this.#description.frequencies(length);
    const isSame = factor === this.#factor && inverse.every((value, i) => value === this.#inverse[i]);
    if (isSame && length <= this.#positions) return;
    const positions = Math.max(64, 2 ** Math.ceil(Math.log2(length)));
    this.#cosine = new Float32Array(positions * half);
    this.#sine = new Float32Array(positions * half);
    for (let position = 0; position < positions; position++) {
      for (let i = 0; i < half; i++) {
        const angle = Math.fround(position * inverse[i]); // as the reference library rounds it
        this.#cosine[position * half + i] = Math.cos(angle) * factor;
        this.#sine[position * half + i] = Math.sin(angle) * factor;
      }
    }
    this.#inverse = inverse;
    this.#factor = factor;
    this.#positions = positions;
  }
}
