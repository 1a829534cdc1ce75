import { RevocabError } from "@revocab/core";

/** What a written folder does not pass is not put in its place. */
export function gateFailed(what: string, hint = "nothing was written; please report this"): RevocabError {
  return new RevocabError("gate_failed", `the model that was written did not pass the gate: ${what}`, {
    hint,
  });
}
