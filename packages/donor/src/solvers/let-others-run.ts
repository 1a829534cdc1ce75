import { setImmediate } from "node:timers/promises";
import { type Job, throwIfAborted } from "@revocab/core";

/**
 * Called between two blocks of work that nothing else interrupts: signals are only heard between two turns of the event loop.
 * @throws RevocabError aborted
 */
export async function letOthersRun(job: Job | undefined): Promise<void> {
  await setImmediate();
  throwIfAborted(job?.abortSignal);
}
