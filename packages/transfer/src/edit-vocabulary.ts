import { RevocabError } from "@revocab/core";
import { applyPlan } from "./apply-plan.ts";
import { type EditedTokenizer, editTokenizer, type VocabularyEdit } from "./edit-tokenizer.ts";
import { makePlan } from "./make-plan.ts";
import type { EditSummary, SwapReport } from "./report.ts";
import { checkOutputPlace } from "./stage-output.ts";
import { measured, type SwapOptions, withModel } from "./swap-tokenizer.ts";

export type EditVocabularyOptions = Omit<SwapOptions, "tokenizer" | "edit"> & VocabularyEdit;

/** {@link SwapReport}, and what the new ids are. */
export interface EditReport extends SwapReport {
  readonly added: EditedTokenizer["added"];
}

/**
 * Adds tokens to the model in a folder, takes tokens out, or both, in one pass over its weights, and writes the result to
 * `out`: edit the tokenizer, plan, apply, check, rename. The rows of old tokens move as bytes. Where tokens are only
 * added the model keeps all rows it has: new tokens take the padding rows first, and none of these is read.
 *
 * @example
 * await editVocabulary({ model: "./model", pieces: [" Schmetterling"], method: subtokenMean(), out: "./out" });
 */
export async function editVocabulary(options: EditVocabularyOptions): Promise<EditReport> {
  if (options.copyShared === false) {
    throw new RevocabError("bad_options", "old tokens were not to be copied, but an edit keeps their rows", {
      hint: "leave --no-copy out; swap to the edited tokenizer makes all rows anew",
    });
  }
  await checkOutputPlace({ ...options, inputs: [options.model] });
  return withModel(options, async (model) => {
    const edited = await editTokenizer(model.tokenizer, options, options);
    const measuring = await measured(model, options);
    model.hashes().catch(() => {});
    const plan = await makePlan({
      ...options,
      // also before a method that would change them
      copyShared: true,
      model,
      tokenizer: { ...edited.tokenizer, origin: `${model.name} (edited)` },
      sourceOf: edited.sourceOf,
      ...(options.prune === undefined && { minimumRows: model.checkpoint.rows }),
    });
    const report = await applyPlan({ ...options, ...measuring, plan, model, edit: summaryOf(edited) });
    return { ...report, added: edited.added };
  });
}

function summaryOf({ added, refused, pruned }: EditedTokenizer): EditSummary {
  const count = (kind: string) => added.filter((entry) => entry.kind === kind).length;
  return { pieces: count("piece"), steps: count("step"), addedTokens: count("added"), refused, pruned };
}
