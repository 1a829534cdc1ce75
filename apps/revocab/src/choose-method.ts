import { type InitMethod, RevocabError } from "@revocab/core";
import type { MethodContest } from "@revocab/measure";
import { type ScoringFlags, scoringOptions } from "./commands/scoring-options.ts";
import { type PlanFlags, planOptions, wantedBy } from "./commands/shared-options.ts";

export interface ChoiceFlags extends Omit<PlanFlags, "tokenizer">, ScoringFlags {
  readonly eval?: string;
}

export interface PreparedChoice {
  /** What of the model is needed to choose the method and to make rows by it. */
  readonly want: "model" | "tables";
  readonly method: InitMethod | MethodContest;
}

/** The method that was named, or with "auto" those of which the best on a text is to be taken. */
export async function prepareChoice(flags: ChoiceFlags): Promise<PreparedChoice> {
  if (flags.method !== "auto") {
    const options = await planOptions(flags);
    return { want: wantedBy(options), method: options.method };
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
  const scoring = { ...scoringOptions(flags), text, samplesSeed: flags.seed };
  return { want: "model", method: { kind: "contest", choice, scoring } };
}
