import { type InitMethod, RevocabError } from "@revocab/core";
import type { MethodCandidate } from "@revocab/embedding-init";
import type { ComparedMethod, MethodComparison } from "@revocab/transfer";
import { type ScoringFlags, scoringOptions } from "./commands/scoring-options.ts";
import {
  comparedPlanOptions,
  modelOptions,
  type PlanFlags,
  planOptions,
  wantedBy,
} from "./commands/shared-options.ts";
import type { CommandContext } from "./run-command.ts";

export interface ChoiceFlags extends PlanFlags, ScoringFlags {
  readonly eval?: string;
}

export interface ChosenMethod {
  readonly method: InitMethod;
  /** How it was chosen, when it was. */
  readonly comparison?: MethodComparison;
}

/**
 * The method that was named, or with "auto" the best on a text, with the table that shows it. What is wrong with the
 * options is an error at once; the comparison itself is made by `choose`.
 */
export async function prepareChoice(flags: ChoiceFlags): Promise<{
  /** What of the model is needed to choose the method and to make rows by it. */
  readonly want: "model" | "tables";
  choose(
    paths: { readonly model: string; readonly tokenizer: string },
    context: CommandContext,
  ): Promise<ChosenMethod>;
}> {
  if (flags.method !== "auto") {
    const options = await planOptions(flags);
    return { want: wantedBy(options), choose: async () => ({ method: options.method }) };
  }
  const text = flags.text ?? flags.eval;
  if (text === undefined) {
    throw new RevocabError("bad_options", "--method auto was given without a text to decide by", {
      hint: "pass --text with a UTF-8 file of what the model shall speak",
    });
  }
  const { methodCandidates } = await import("@revocab/embedding-init");
  const { catalog } = await import("./catalog.ts");
  const choice = methodCandidates("auto", flags.with, await catalog());
  const options = { ...modelOptions(flags), ...(await comparedPlanOptions(flags)), ...scoringOptions(flags) };
  const choose = async (
    paths: { readonly model: string; readonly tokenizer: string },
    context: CommandContext,
  ): Promise<ChosenMethod> => {
    const { compareMethods } = await import("@revocab/transfer");
    const comparison = await compareMethods({
      ...paths,
      text,
      choice,
      ...options,
      samplesSeed: flags.seed,
      ...context,
    });
    const { candidate } = comparison.methods[comparison.best] as ComparedMethod;
    return { method: (choice.candidates[candidate] as MethodCandidate).method, comparison };
  };
  return { want: "model", choose };
}
