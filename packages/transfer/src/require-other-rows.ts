import { type InitMethod, type MixtureMethod, RevocabError, type RowMethod } from "@revocab/core";
import type { MethodContest } from "./pick-method.ts";

/**
 * Where the rows of kept tokens are to change, a method must have others for them.
 * @throws RevocabError `bad_options`
 */
export function requireOtherRows(method: InitMethod | MethodContest): void {
  const methods = methodsOf(method);
  if (methods.some(({ changesShared }) => changesShared)) return;
  throw new RevocabError(
    "bad_options",
    `the rows of kept tokens were to change, but ${methods.map(({ name }) => name).join(", ")} has no others for them`,
    { hint: "leave --no-copy out, or take a method that has: chain-rule, hypernetwork" },
  );
}

function methodsOf(method: InitMethod | MethodContest): readonly (MixtureMethod | RowMethod)[] {
  if (method.kind === "contest") return method.choice.candidates.flatMap((one) => methodsOf(one.method));
  return method.kind === "chain" ? method.methods : [method];
}
