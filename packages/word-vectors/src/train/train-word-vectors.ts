import { type ProgressListener, RevocabError, throwIfAborted } from "@revocab/core";
import type { FastTextModel } from "../files/fasttext-model.ts";
import { readTrainingCorpus } from "./training-corpus.ts";
import { type TrainingMemory, trainingMemory } from "./training-memory.ts";
import { type TrainWordVectorsOptions, trainingNumbers } from "./training-options.ts";
import { trainingCrew } from "./training-pool.ts";
import { trainingPieces } from "./training-text.ts";

/**
 * Trains word vectors with n-grams as the fastText program does: skip-gram or cbow, negative sampling, subsampling of frequent
 * words, a falling learning rate. The same dictionary, the same odds and the same steps; only the random numbers differ.
 *
 * The same text, options and seed give the same bytes with one thread. With more, threads write to the same rows without
 * locks, and no two runs are alike.
 *
 * As in fastText, rare words count as text but not as progress: where minCount removes a share p of the text, the rest is
 * gone through epochs / (1 − p) times.
 *
 * The rows of the model lie in memory that threads share (at most 4 GiB); reading them is as any other array.
 * @throws RevocabError bad_options; missing_file; bad_text when the text is too small for minCount or no UTF-8;
 * not_finite when the learning rate is too high; aborted
 * @see https://arxiv.org/abs/1607.04606
 */
export async function trainWordVectors(options: TrainWordVectorsOptions): Promise<FastTextModel> {
  const { documents, abortSignal, onProgress } = options;
  const numbers = trainingNumbers(options);
  throwIfAborted(abortSignal);
  onProgress?.({ type: "step", step: "read words" });
  const corpus = await readTrainingCorpus(trainingPieces(documents, onProgress), {
    minCount: numbers.minCount,
    abortSignal,
  });
  onProgress?.({ type: "step", step: "train vectors" });
  const shared = trainingMemory(corpus, numbers);
  const crew = trainingCrew(shared, corpus.tokens, numbers);
  abortSignal?.addEventListener("abort", crew.stop, { once: true });
  try {
    await crew.fill();
    throwIfAborted(abortSignal);
    const report = reportTraining(shared, numbers.epochs * corpus.tokenCount, onProgress);
    try {
      if (!(await crew.train())) throw diverged(numbers.learningRate);
    } finally {
      report.end();
    }
    throwIfAborted(abortSignal);
  } finally {
    abortSignal?.removeEventListener("abort", crew.stop);
    await crew.dismiss();
  }
  return {
    arguments: {
      model: numbers.model,
      loss: "negative-sampling",
      dimension: numbers.dimension,
      window: numbers.window,
      epochs: numbers.epochs,
      minCount: numbers.minCount,
      negatives: numbers.negatives,
      wordNgrams: 1,
      buckets: numbers.buckets,
      minN: numbers.minN,
      maxN: numbers.maxN,
      learningRateUpdateRate: numbers.learningRateUpdateRate,
      samplingThreshold: numbers.subsampling,
    },
    dictionary: { words: corpus.words, counts: corpus.counts, tokenCount: corpus.tokenCount },
    ...shared.release(),
  };
}

function diverged(learningRate: number): RevocabError {
  return new RevocabError("not_finite", `the vectors grew without bounds at learning rate ${learningRate}`, {
    hint: "take a lower learning rate; 0.05 is usual",
  });
}

/** Tells five times a second how many tokens are trained, and at the end of each epoch its mean loss and the speed. */
export function reportTraining(
  shared: TrainingMemory,
  total: number,
  onProgress: ProgressListener | undefined,
): { end(): void } {
  if (onProgress === undefined) return { end() {} };
  const step = "train vectors";
  const start = performance.now();
  let epochsTold = 0;
  const tell = () => {
    const done = shared.trainedTokens();
    onProgress({ type: "progress", step, done, total, unit: "tokens" });
    const losses = shared.meanLosses();
    const epochsDone = Math.floor((done / total) * losses.length);
    for (; epochsTold < epochsDone; epochsTold++) {
      const wordsPerSecond = Math.round(done / ((performance.now() - start) / 1000));
      onProgress({
        type: "note",
        step,
        message: `epoch ${epochsTold + 1} of ${losses.length}: loss ${losses[epochsTold].toFixed(4)}, ${wordsPerSecond} words/s`,
      });
    }
  };
  const timer = setInterval(tell, 200);
  return {
    end() {
      clearInterval(timer);
      tell();
    },
  };
}
