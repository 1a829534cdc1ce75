import type { Job } from "@revocab/core";
import type { InspectOptions } from "@revocab/plan";
import type { TrainingInspection } from "@revocab/token-training";

/**
 * Opens a model and lists its tokens that look hardly trained, the worst first, each with the indicators that suspect it: for
 * `inspect --well-trained`, and as candidates for glitches. Only the tables are read.
 * @throws RevocabError as `openModel` and `inspectTraining`
 */
export async function modelTraining(
  path: string,
  options: InspectOptions,
  job: Job,
): Promise<TrainingInspection> {
  const { openModel } = await import("@revocab/plan");
  const { inspectTraining } = await import("@revocab/token-training");
  const { readable, checkpoint, close } = await openModel(path, options);
  try {
    return await inspectTraining({ ...checkpoint, vocabulary: readable.vocabulary }, job);
  } finally {
    await close();
  }
}
