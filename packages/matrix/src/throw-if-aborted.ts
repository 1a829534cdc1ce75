import { RevocabError } from "@revocab/core";

/** @throws RevocabError aborted, with the signal's own reason as its cause */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new RevocabError("aborted", "the operation was aborted", { cause: signal.reason });
}
