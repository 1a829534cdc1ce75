import type { ProgressListener } from "./events.ts";

/** What a long operation listens to and may use; passed on whole. */
export interface Job {
  readonly abortSignal?: AbortSignal;
  readonly onProgress?: ProgressListener;
  /** Of worker pools and the runtime. @default all cores */
  readonly threads?: number;
}

/** The same job without its listener: for a part of a step whose progress is reported as a whole. */
export function quiet(job?: Job): Job | undefined {
  return job && { ...job, onProgress: undefined };
}
