import type { ProgressListener } from "@revocab/core";
import type { TrainingMemory } from "./training-memory.ts";

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
