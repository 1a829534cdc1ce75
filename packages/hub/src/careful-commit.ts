import { setTimeout } from "node:timers/promises";
import { RevocabError, throwIfAborted } from "@revocab/core";

export interface CarefulCommitOptions {
  /** Sends a commit once, and cannot be stopped while it is on its way. */
  readonly fetch: typeof fetch;
  readonly isPullRequest: boolean;
  readonly abortSignal?: AbortSignal | undefined;
  /**
   * Called when a commit was sent and no answer came: the commit that is there now and holds what was sent, undefined
   * when the branch is where it was, or a failure when it is somewhere else.
   */
  readonly findCommit: () => Promise<string | undefined>;
  /** Times a commit is sent that is found not to be there. @default 5 */
  readonly attempts?: number;
  /** Milliseconds, doubled each time. @default 1000 */
  readonly firstDelay?: number;
}

/**
 * `fetch` for everything, which sends a commit with care: when its answer is lost, the branch is looked at before it is
 * sent again. A pull request has no such place to look, and is sent once.
 */
export function carefulCommit(options: CarefulCommitOptions): typeof fetch {
  const { isPullRequest, abortSignal, findCommit, attempts = 5, firstDelay = 1000 } = options;
  return async (input, init = {}) => {
    const url = String(input);
    if (init.method !== "POST" || !isCommit(url)) return options.fetch(input, init);
    throwIfAborted(abortSignal);
    for (let attempt = 1; ; attempt++) {
      const outcome = await options.fetch(input, init).catch((error: unknown) => error as Error);
      // stopped before it was sent
      if (outcome instanceof RevocabError) throw outcome;
      const isUncertain = !(outcome instanceof Response) || outcome.status >= 500 || outcome.status === 412;
      if (!isUncertain) return outcome;
      if (isPullRequest)
        throw uncertain("a pull request was sent, and the Hub did not say whether it was opened");
      const commit = await findCommit().catch((error: unknown) => {
        if (error instanceof RevocabError && error.code === "hub_failed") throw error;
        throw uncertain(
          "a commit was sent, the Hub did not say whether it was made, and then could not be asked",
        );
      });
      if (commit !== undefined) return Response.json({ success: true, commitOid: commit });
      if (attempt >= attempts) {
        if (outcome instanceof Response) return outcome;
        throw outcome;
      }
      throwIfAborted(abortSignal);
      await setTimeout(firstDelay * 2 ** (attempt - 1));
    }
  };
}

/** Whether a request makes a commit: it must not be repeated blindly. */
export function isCommit(url: string): boolean {
  return /\/api\/models\/[^/]+\/[^/]+\/commit\//.test(url);
}

function uncertain(what: string): RevocabError {
  return new RevocabError("hub_unreachable", what, {
    hint: "look at the repository's page before publishing again",
  });
}
