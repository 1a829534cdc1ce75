import type { NamedMatrix, TrainingRecipe } from "@revocab/checkpoint/internal";
import { type Job, RevocabError, throwIfAborted } from "@revocab/core";
import type { DenseProducts } from "@revocab/onnx";
import { adamStep } from "./adam.ts";
import { batchLoss, lossOf } from "./batch-loss.ts";
import type { NumberedCorpus } from "./corpus.ts";
import type { Cw2vModel } from "./model.ts";
import {
  type NegativeSampler,
  type NumberedBatch,
  negativeSampler,
  type PairBatchOptions,
  pairBatches,
} from "./pair-batches.ts";
import type { Cw2vLoss } from "./settings.ts";
import {
  factorsOf,
  loadTraining,
  matricesOf,
  saveTraining,
  startOfTraining,
  type TrainingPosition,
} from "./training-checkpoint.ts";

export interface TrainingSettings {
  readonly epochs: number;
  readonly window: number;
  readonly negatives: number;
  readonly subsample: number;
  readonly batchPairs: number;
  readonly learningRate: number;
  readonly loss: Cw2vLoss;
  readonly seed: number;
}

export interface TrainOptions extends TrainingSettings {
  readonly model: Cw2vModel;
  readonly corpus: NumberedCorpus;
  readonly products: DenseProducts;
  readonly keepBytes: number;
  /** The file that the training is kept in, and resumed from if it is there. */
  readonly checkpoint?: { readonly path: string; readonly recipe: TrainingRecipe } | undefined;
  readonly job?: Job;
}

/**
 * Trains the factors of a model. With lines held out, training stops early: after the first epoch that does not lower the loss
 * on them, with the factors of the epoch before.
 * @throws RevocabError not_finite, aborted; what reading and writing the checkpoint throws
 */
export async function train(options: TrainOptions): Promise<void> {
  const { model, corpus, epochs, checkpoint } = options;
  const factors = factorsOf(model).map(({ matrix }) => matrix.data);
  const holdsOut = corpus.heldOut.tokens.length > 0;
  const best = holdsOut ? factors.map((data) => data.slice()) : [];
  const matrices = matricesOf(model, best);
  const position = (await resume(options, matrices)) ?? startOfTraining();
  const sampler = negativeSampler(corpus.counts);
  for (let epoch = 1; epoch <= position.epoch; epoch++) noteEpoch(options, position, epoch);

  while (position.epoch < epochs && !hasEnded(position)) {
    await trainEpoch(options, sampler, position, save);
    position.losses.push(position.lossPairs === 0 ? 0 : position.lossSum / position.lossPairs);
    Object.assign(position, { epoch: position.epoch + 1, batch: 0, lossSum: 0, lossPairs: 0 });
    if (holdsOut) {
      position.heldOutLosses.push(await heldOutLoss(options, sampler));
      const [from, to] = hasEnded(position) ? [best, factors] : [factors, best];
      to.forEach((data, i) => {
        data.set(from[i]);
      });
    }
    noteEpoch(options, position, position.epoch);
    await save();
  }

  async function save(): Promise<void> {
    if (checkpoint !== undefined) {
      await saveTraining(checkpoint.path, checkpoint.recipe, position, matrices);
    }
  }
}

async function resume(
  { checkpoint, epochs }: TrainOptions,
  matrices: readonly NamedMatrix[],
): Promise<TrainingPosition | undefined> {
  if (checkpoint === undefined) return undefined;
  const known = await loadTraining(checkpoint.path, checkpoint.recipe, matrices);
  if (known === undefined) return undefined;
  const { epoch, batch } = known;
  if (epoch < epochs || (epoch === epochs && batch === 0)) return known;
  throw new RevocabError(
    "bad_options",
    `${checkpoint.path} has been trained for ${epoch} epochs${batch === 0 ? "" : " and a part of the next"}, expected at most ${epochs}`,
    { hint: "ask for more epochs, or name another file as the checkpoint" },
  );
}

function noteEpoch({ epochs, job }: TrainOptions, position: TrainingPosition, epoch: number): void {
  const { losses, heldOutLosses } = position;
  const heldOut = heldOutLosses[epoch - 1];
  const parts = [
    `epoch ${epoch} of ${epochs}: loss ${losses[epoch - 1].toFixed(4)}`,
    ...(heldOut === undefined ? [] : [`${heldOut.toFixed(4)} on the lines held out`]),
    ...(hasEnded({ heldOutLosses: heldOutLosses.slice(0, epoch) })
      ? [`no less than before: back to epoch ${epoch - 1}`]
      : []),
  ];
  job?.onProgress?.({ type: "note", step: "cw2v", message: parts.join(", "), isDetail: true });
}

/** Trains on the remaining batches of an epoch; calls `save` every ten minutes, and when the training is aborted. */
async function trainEpoch(
  options: TrainOptions,
  sampler: NegativeSampler,
  position: TrainingPosition,
  save: () => Promise<void>,
): Promise<void> {
  const { corpus, epochs, job } = options;
  const { length } = corpus.training.tokens;
  let saved = performance.now();
  for (const batch of pairBatches({ ...pairOptions(options, sampler), epoch: position.epoch })) {
    if (batch.index < position.batch) continue;
    if (job?.abortSignal?.aborted) await save();
    throwIfAborted(job?.abortSignal);
    await trainOn(batch, options, position);
    const done = position.epoch * length + batch.tokensDone;
    job?.onProgress?.({ type: "progress", step: "train cw2v", done, total: epochs * length, unit: "tokens" });
    if (performance.now() - saved < SAVE_EVERY) continue;
    await save();
    saved = performance.now();
  }
}

/** Milliseconds between two saves within an epoch. */
const SAVE_EVERY = 10 * 60_000;

function hasEnded({ heldOutLosses }: Pick<TrainingPosition, "heldOutLosses">): boolean {
  const [before, last] = heldOutLosses.slice(-2);
  return last !== undefined && last >= before;
}

/** The mean loss on the lines held out; always over the same pairs and negatives. */
async function heldOutLoss(options: TrainOptions, sampler: NegativeSampler): Promise<number> {
  const { model, corpus, loss, products, job } = options;
  const pairs = { ...pairOptions(options, sampler), corpus: corpus.heldOut, epoch: HELD_OUT };
  let [sum, count] = [0, 0];
  for (const batch of pairBatches(pairs)) {
    throwIfAborted(job?.abortSignal);
    sum += (await lossOf({ model, loss, products, pairs: batch })) * batch.centers.length;
    count += batch.centers.length;
  }
  return count === 0 ? 0 : sum / count;
}

/** Its own stream of random numbers: no training has so many epochs. */
const HELD_OUT = 0xffffff;

function pairOptions(
  { corpus, window, negatives, subsample, batchPairs, seed }: TrainOptions,
  sampler: NegativeSampler,
): Omit<PairBatchOptions, "epoch"> {
  const { training, counts } = corpus;
  return { corpus: training, counts, sampler, window, negatives, subsample, batchPairs, seed };
}

async function trainOn(
  pairs: NumberedBatch,
  { model, loss: kind, learningRate, products, keepBytes }: TrainOptions,
  position: TrainingPosition,
): Promise<void> {
  const { loss, gradients } = await batchLoss({ model, pairs, loss: kind, products, keepBytes });
  if (!Number.isFinite(loss)) {
    throw new RevocabError("not_finite", `the loss of cw2v is ${loss} at step ${position.step + 1}`, {
      hint: "the source's embeddings may hold numbers that are not finite; `inspectPath` finds them",
    });
  }
  position.step++;
  for (const { mixture, touched, a1, a2 } of gradients) {
    adamStep(mixture.a1, a1, { step: position.step, learningRate, touched });
    adamStep(mixture.a2, a2, { step: position.step, learningRate });
  }
  position.batch = pairs.index + 1;
  position.lossSum += loss * pairs.centers.length;
  position.lossPairs += pairs.centers.length;
}
