import { type ProgressListener, RevocabError, throwIfAborted } from "@revocab/core";
import type { FastTextModel } from "../files/fasttext-model.ts";
import { readTrainingCorpus } from "./training-corpus.ts";
import { type TrainingMemory, trainingMemory } from "./training-memory.ts";
import { type TrainWordVectorsOptions, trainingNumbers } from "./training-options.ts";
import { trainingPool } from "./training-pool.ts";
import { trainingPieces } from "./training-text.ts";

/**
 * Trains word vectors with n-grams as the fastText program does: skip-gram or cbow, negative sampling, subsampling of frequent
 * words, a falling learning rate. The same dictionary, probabilities and steps; only the random numbers differ.
 *
 * The same text, options and seed give the same bytes with one thread. With more, threads write to the same rows without
 * locks, and no two runs are alike.
 *
 * As in fastText, rare words count as tokens of the text but are never trained: where minCount removes a share p of the text,
 * training passes over the rest epochs / (1 − p) times.
 *
 * The rows of the model lie in memory that threads share (at most 4 GiB); reading them is as any other array.
 * @throws RevocabError bad_options; missing_file; bad_text when the text is too small for minCount or not UTF-8;
 * not_finite when the learning rate is too high; aborted
 * @see https://arxiv.org/abs/1607.04606
 */
export async function trainWordVectors(options: TrainWordVectorsOptions): Promise<FastTextModel> {
  const { documents, job } = options;
  const numbers = trainingNumbers(options);
  throwIfAborted(job?.abortSignal);
  job?.onProgress?.({ type: "step", step: "read words" });
  const corpus = await readTrainingCorpus(trainingPieces(documents, job?.onProgress), {
    minCount: numbers.minCount,
    job,
  });
  job?.onProgress?.({ type: "step", step: "train vectors" });
  const shared = trainingMemory(corpus, numbers);
  const pool = trainingPool(shared, corpus.tokens, numbers);
  job?.abortSignal?.addEventListener("abort", pool.stop, { once: true });
  try {
    await pool.fill();
    throwIfAborted(job?.abortSignal);
    const report = reportTraining(shared, numbers.epochs * corpus.tokenCount, job?.onProgress);
    try {
      if (!(await pool.train())) throw diverged(numbers.learningRate);
    } finally {
      report.end();
    }
    throwIfAborted(job?.abortSignal);
  } finally {
    job?.abortSignal?.removeEventListener("abort", pool.stop);
    await pool.close();
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

/** Reports the trained tokens five times a second, and at the end of each epoch its mean loss and the speed. */
function reportTraining(
  shared: TrainingMemory,
  total: number,
  onProgress: ProgressListener | undefined,
): { end(): void } {
  if (onProgress === undefined) return { end() {} };
  const step = "train vectors";
  const start = performance.now();
  let epochsReported = 0;
  const report = () => {
    const done = shared.trainedTokens();
    onProgress({ type: "progress", step, done, total, unit: "tokens" });
    const losses = shared.meanLosses();
    const epochsDone = Math.floor((done / total) * losses.length);
    for (; epochsReported < epochsDone; epochsReported++) {
      const wordsPerSecond = Math.round(done / ((performance.now() - start) / 1000));
      onProgress({
        type: "note",
        step,
        message: `epoch ${epochsReported + 1} of ${losses.length}: loss ${losses[epochsReported].toFixed(4)}, ${wordsPerSecond} words/s`,
      });
    }
  };
  const timer = setInterval(report, 200);
  return {
    end() {
      clearInterval(timer);
      report();
    },
  };
}
