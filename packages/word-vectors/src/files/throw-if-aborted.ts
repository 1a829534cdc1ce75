import { RevocabError } from "@revocab/core";

/** @throws RevocabError `aborted`, or the signal's reason where that is one already. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  if (signal.reason instanceof RevocabError) throw signal.reason;
  throw new RevocabError("aborted", "stopped before it was finished", { cause: signal.reason });
}
