import type { InitMethod } from "@revocab/core";
import type { CandidateChoice, MethodCandidate } from "@revocab/embedding-init";
import type { PlanOptions } from "@revocab/plan";
import { type ComparedMethod, compareOpened, type MethodComparison } from "./compare-methods.ts";
import type { ScoringOptions } from "./evaluate-model.ts";

/** Methods of which the best on a text is taken. */
export interface MethodContest {
  readonly kind: "contest";
  /** What to try; see `methodCandidates`. */
  readonly choice: CandidateChoice;
  readonly scoring: Omit<ScoringOptions, "job">;
}

/** What may have been asked for rows. */
export function methodsOf({
  method,
  fallback,
}: {
  readonly method: InitMethod | MethodContest;
  readonly fallback?: InitMethod;
}): readonly InitMethod[] {
  const asked = method.kind === "contest" ? method.choice.candidates.map((one) => one.method) : [method];
  return fallback === undefined ? asked : [...asked, fallback];
}

export interface PickedMethod {
  readonly method: InitMethod;
  /** How it was chosen, when it was. */
  readonly comparison?: MethodComparison;
}

/**
 * The method that was named, or the best of several on a text for this plan, with the table that shows it.
 * @throws RevocabError as `compareMethods` does
 */
export async function pickMethod(
  method: InitMethod | MethodContest,
  options: Omit<PlanOptions, "method" | "transformer">,
): Promise<PickedMethod> {
  if (method.kind !== "contest") return { method };
  const { choice, scoring } = method;
  const comparison = await compareOpened({ ...options, ...scoring, choice });
  const { candidate } = comparison.methods[comparison.best] as ComparedMethod;
  return { method: (choice.candidates[candidate] as MethodCandidate).method, comparison };
}
