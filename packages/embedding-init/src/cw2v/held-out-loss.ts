import { throwIfAborted } from "@revocab/core";
import { type BatchLossOptions, lossOf } from "./batch-loss.ts";
import type { NumberedCorpus } from "./number-participants.ts";
import { type PairBatchOptions, pairBatches } from "./pair-batches.ts";

export interface HeldOutLossOptions extends Pick<BatchLossOptions, "model" | "loss" | "products"> {
  readonly corpus: NumberedCorpus;
  /** As in training, but for the lines and the epoch. */
  readonly pairs: Omit<PairBatchOptions, "epoch">;
  readonly abortSignal?: AbortSignal | undefined;
}

/** The mean loss on the lines held out, over the same pairs and negatives whenever it is asked for. */
export async function heldOutLoss({
  corpus,
  pairs,
  abortSignal,
  ...how
}: HeldOutLossOptions): Promise<number> {
  let [sum, count] = [0, 0];
  for (const batch of pairBatches({ ...pairs, corpus: corpus.heldOut, epoch: HELD_OUT })) {
    throwIfAborted(abortSignal);
    sum += (await lossOf({ ...how, pairs: batch })) * batch.centers.length;
    count += batch.centers.length;
  }
  return count === 0 ? 0 : sum / count;
}

/** An epoch that no training comes to, for the random numbers. */
const HELD_OUT = 0xffffff;
