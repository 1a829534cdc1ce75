import type { TransformerDescription } from "./description.ts";
import type { BodyCache, ContinueBody } from "./open-transformer.ts";

/**
 * Σ length² of the sequences that may run at once, so that the attention scores of a layer, [heads × T × S] in f32 for
 * each, take no more than `bytes`.
 */
export function mostSquares({ layers }: TransformerDescription, bytes: number): number {
  const heads = Math.max(1, ...layers.map(({ attention }) => attention.heads));
  return bytes / (4 * heads);
}

/**
 * How many positions of a long sequence to run at a time, so that its attention scores fit; undefined when all do, and
 * where positions see those after them.
 */
export function pieceLength(
  { kind }: TransformerDescription,
  lengths: readonly number[],
  squares: number,
): number | undefined {
  const [length = 0] = lengths;
  if (kind !== "causal" || lengths.length !== 1 || length * length <= squares) return undefined;
  return Math.max(1, Math.floor(squares / length));
}

/** One long sequence, piece by piece, each with the keys and values of those before: the same numbers in less memory. */
export async function runInPieces(
  continueBody: ContinueBody,
  { embeddings, lengths }: { readonly embeddings: Float32Array; readonly lengths: readonly number[] },
  piece: number,
): Promise<Float32Array> {
  const [length = 0] = lengths;
  const width = embeddings.length / length;
  let hidden = new Float32Array(0);
  let cache: BodyCache | undefined;
  for (let start = 0; start < length; start += piece) {
    const count = Math.min(piece, length - start);
    const rows = embeddings.subarray(start * width, (start + count) * width);
    const continued = await continueBody(rows, count, cache, length);
    if (start === 0) hidden = new Float32Array((continued.hidden.length / count) * length);
    hidden.set(continued.hidden, start * (hidden.length / length));
    cache = continued.cache;
  }
  return hidden;
}
