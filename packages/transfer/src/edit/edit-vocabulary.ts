import { type FileTemplate, makePlan, type OpenModel, type PlanSummary, summarizePlan } from "@revocab/plan";
import { countParameters, countTableBytes, planTables, withDonor } from "@revocab/plan/internal";
import type { EditSummary, SwapReport } from "@revocab/report";
import type { EditedTokenizer } from "@revocab/vocabulary-editing";
import { writeByPlan } from "../swap/apply-plan.ts";
import { planRows, withHealing } from "../swap/plan-rows.ts";
import { checkOutputPlace } from "../swap/stage-output.ts";
import {
  measured,
  type SwapOptions,
  type WithDonor,
  withModel,
  writeWhilePlanned,
} from "../swap/swap-tokenizer.ts";
import { type PlanEditOptions, prepareEdit } from "./plan-edit.ts";

export type EditVocabularyOptions = PlanEditOptions &
  Omit<
    SwapOptions,
    | keyof PlanEditOptions
    | "tokenizer"
    | "sourceOf"
    | "minimumRows"
    | "extendsSource"
    | "newTokens"
    | "addedTokens"
  >;

/** {@link SwapReport}, and the added tokens with their ids. */
export interface EditReport extends SwapReport {
  readonly added: EditedTokenizer["added"];
}

/** What an edit would do. */
export interface EditPlanSummary extends PlanSummary {
  readonly recipe: SwapReport["recipe"];
  readonly parameters: SwapReport["parameters"];
  /** Of the tables with a row per token. */
  readonly tableBytes: { readonly before: number; readonly after: number };
  readonly comparison: SwapReport["comparison"];
  /** Of a chat template from a file: its name and a sample conversation. */
  readonly chatTemplate?: Pick<FileTemplate, "from" | "file" | "sample">;
  readonly edit: EditSummary;
  readonly added: EditedTokenizer["added"];
  readonly removed: EditedTokenizer["removed"];
}

/**
 * Adds tokens to the model in a folder, takes tokens out, or both, in one pass over its weights, and writes the result to
 * `out`: edit the tokenizer, plan, apply, check, rename. The rows of kept tokens are copied as bytes, unless `copyShared` is
 * off. Where tokens are only added, the model keeps all rows it has. New tokens take the padding rows first, whose old values
 * are not used.
 *
 * @example
 * await editVocabulary({ model: "./model", pieces: [" Schmetterling"], method: subtokenMean(), out: "./out" });
 */
export async function editVocabulary(options: EditVocabularyOptions): Promise<EditReport> {
  await checkOutputPlace({ ...options, inputs: [options.model] });
  return withModel(options, (model) =>
    withDonor(options, (donor) => writeEdit(model, { ...options, donor })),
  );
}

function writeEdit(model: OpenModel, options: WithDonor<EditVocabularyOptions>): Promise<EditReport> {
  return withHealing(model, options, async (healing) => {
    const { planOptions, edited, ...prepared } = await prepareEdit(model, options);
    const measuring = await measured(model, options);
    const { rows } = planTables(planOptions);
    const report = await writeWhilePlanned(
      { ...options, model, origin: planOptions.tokenizer.origin, rows },
      () => planRows(planOptions, healing),
      (planned, output) => writeByPlan({ ...options, ...prepared, ...planned, measuring, model, output }),
    );
    return { ...report, added: edited.added };
  });
}

/** What {@link editVocabulary} would do, without writing anything. */
export function planVocabularyEdit(
  options: Omit<EditVocabularyOptions, "out" | "evaluate" | "heal">,
): Promise<EditPlanSummary> {
  return withModel(options, async (model) => {
    const {
      edited,
      edit,
      template,
      comparison = null,
      plan,
    } = await withDonor(options, async (donor) => {
      const prepared = await prepareEdit(model, { ...options, donor });
      const planned = await makePlan(prepared.planOptions);
      await planned.rowSource.close();
      return { ...prepared, plan: planned.plan };
    });
    const summary = summarizePlan(plan);
    return {
      ...summary,
      recipe: { ...summary.recipe, edit: edit.recipe },
      parameters: countParameters(plan, model),
      tableBytes: countTableBytes(plan, model),
      edit: edit.summary,
      added: edited.added,
      removed: edited.removed,
      comparison,
      ...(template && {
        chatTemplate: { from: template.from, file: template.file, sample: template.sample },
      }),
    };
  });
}
