import { type InitMethod, RevocabError } from "@revocab/core";
import { methodsOf as chainMethods } from "@revocab/embedding-init";
import type { MethodContest } from "@revocab/measure";
import { methodsOf } from "@revocab/measure/internal";

/**
 * Where the rows of kept tokens are to change, a method must have others for them.
 * @throws RevocabError `bad_options`
 */
export function requireOtherRows(method: InitMethod | MethodContest): void {
  const methods = methodsOf({ method }).flatMap(chainMethods);
  if (methods.some(({ changesShared }) => changesShared)) return;
  throw new RevocabError(
    "bad_options",
    `the rows of kept tokens were to change, but ${methods.map(({ name }) => name).join(", ")} has no others for them`,
    { hint: "leave `copyShared: false` out, or take a method that has: chain-rule, hypernetwork" },
  );
}
