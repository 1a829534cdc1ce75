import { RevocabError } from "@revocab/core";

/** A failure to look at what was published, saying that it was. */
export function notLookedAt(error: unknown, url: string): unknown {
  if (!(error instanceof RevocabError)) return error;
  return new RevocabError(
    error.code,
    `published as ${url}, but it could not be compared with the folder: ${error.message}`,
    {
      hint: "look at that page: nothing needs to be published again if all files are there",
    },
  );
}

/** The title and the description of a commit of a model. */
export function messageOf(
  title: string | undefined,
  { source, target, revocab }: { readonly source: string; readonly target: string; readonly revocab: string },
): { readonly title: string; readonly description: string } {
  const line = (title ?? `${source} with the tokenizer of ${target}`).replace(/\s+/g, " ");
  return { title: line, description: `Written and checked by revocab ${revocab}.` };
}

/** Someone else has committed to the branch. */
export function hasMoved(repository: string, branch: string, commit: string): RevocabError {
  return new RevocabError(
    "hub_failed",
    `${branch} of ${repository} has moved to ${commit.slice(0, 12)} meanwhile`,
    { hint: "someone else has committed: look at it, and publish again" },
  );
}
