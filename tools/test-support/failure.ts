import type { RevocabError } from "@revocab/core";

/** The error that some work ends with. */
export async function failure(work: Promise<unknown>): Promise<RevocabError> {
  const error = await work.then(
    () => new Error("the work succeeded"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error && error.name === "RevocabError")) throw error;
  return error as RevocabError;
}
