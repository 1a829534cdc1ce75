import type { ProgressListener } from "@revocab/core";

/** Passes events on under `label: step`, so that the same work done for several things can be told apart. */
export function labelledProgress(
  onProgress: ProgressListener | undefined,
  label: string,
): { onProgress?: ProgressListener } {
  if (onProgress === undefined) return {};
  return { onProgress: (event) => onProgress({ ...event, step: `${label}: ${event.step}` }) };
}
