import type { Job } from "@revocab/core";

/** Passes events on under `label: step`, so that the same work done for several things can be told apart. */
export function labelledProgress(job: Job | undefined, label: string): Job | undefined {
  if (job?.onProgress === undefined) return job;
  return { ...job, onProgress: (event) => job?.onProgress?.({ ...event, step: `${label}: ${event.step}` }) };
}
