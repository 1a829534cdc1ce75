import type { TrainingKernels } from "./training-kernels.ts";
import { TOKENS_PER_CALL } from "./training-memory.ts";

/** The work of one thread. */
export interface TrainingSpan {
  /** All tokens of the text; the thread goes through them again and again. */
  readonly tokens: Uint32Array;
  /** Where it begins. */
  readonly start: number;
  /** Where the kernels read from: at least TOKENS_PER_CALL ids. */
  readonly room: Uint32Array;
  readonly roomAddress: number;
  /** [epochs × 2] sums and numbers of losses of this thread. */
  readonly losses: Float64Array;
  readonly isOver: () => boolean;
}

/**
 * Trains until all epochs are over or someone else ends it, entering the kernel once for some thousand tokens.
 * @returns false when a loss is no number any more
 */
export function trainSpan(
  kernels: TrainingKernels,
  { tokens, start, room, roomAddress, losses, isOver }: TrainingSpan,
): boolean {
  let at = start;
  while (!isOver()) {
    const count = Math.min(TOKENS_PER_CALL, tokens.length - at);
    room.set(tokens.subarray(at, at + count));
    const isEnd = at + count === tokens.length;
    const taken = kernels.trainLines(roomAddress, count, isEnd);
    if (taken === 0) return true;
    at = at + taken === tokens.length ? 0 : at + taken;
    if (losses.some(Number.isNaN)) return false;
  }
  return true;
}
