import { RevocabError } from "./errors.ts";

/**
 * Ends an operation whose signal was aborted; long operations call it between blocks.
 * @throws RevocabError the signal's own reason where it is one, otherwise `aborted` with the reason as its cause
 */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  if (signal.reason instanceof RevocabError) throw signal.reason;
  throw new RevocabError("aborted", "stopped before it was finished", { cause: signal.reason });
}
