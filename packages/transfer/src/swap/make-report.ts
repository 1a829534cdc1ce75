import { createRequire } from "node:module";
import type { AuxiliaryFiles } from "@revocab/checkpoint";
import { showNotes, type TokenId } from "@revocab/core";
import type { MethodComparison, SwapEvaluation } from "@revocab/measure";
import { type OpenModel, type SwapPlan, summarizePlan } from "@revocab/plan";
import { type ChosenChatTemplate, countParameters, hashContents, nameOf } from "@revocab/plan/internal";
import type {
  CardFacts,
  EditRecipe,
  EditSummary,
  GateReport,
  SwapReport,
  WrittenAdapter,
} from "@revocab/report";
import type { EditedTokenizer } from "@revocab/vocabulary-editing";
import type { FollowedConfigs } from "../configs/follow-configs.ts";
import type { PublishedTokenizer } from "./publish-tokenizer.ts";

const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };

/** What a report says of an edit: what was asked, and what came of it. */
export interface ReportedEdit {
  readonly recipe: EditRecipe;
  readonly summary: EditSummary;
  /** [V_t] the id that each token had before, −1 for a new one: ids in the configs are mapped by it and by nothing else. */
  readonly oldIdOf: EditedTokenizer["oldIdOf"];
  /** Ids of tokens that are new, or are called or found otherwise than before. */
  readonly changed: readonly TokenId[];
}

export function makeReport({
  plan,
  model,
  sourceHashes,
  card,
  configs,
  template,
  published,
  files,
  contents,
  companions,
  adapter,
  gate,
  evaluation,
  comparison,
  edit,
}: {
  plan: SwapPlan;
  model: OpenModel;
  sourceHashes: Readonly<Record<string, string>>;
  card: CardFacts;
  configs: FollowedConfigs;
  template: ChosenChatTemplate;
  published: PublishedTokenizer;
  files: SwapReport["files"];
  contents: SwapReport["contents"];
  companions: AuxiliaryFiles;
  adapter?: WrittenAdapter;
  gate: GateReport;
  evaluation: SwapEvaluation | null;
  comparison: MethodComparison | null;
  edit?: ReportedEdit;
}): SwapReport {
  const { tokenizer } = plan.target;
  const summary = summarizePlan(plan);
  return {
    revocab: version,
    ...summary,
    recipe: { ...summary.recipe, ...(edit && { edit: edit.recipe }) },
    inputs: {
      source: {
        name: model.name,
        revision: model.revision,
        fingerprint: plan.source.fingerprint,
        files: sourceHashes,
      },
      target: {
        name: plan.target.name,
        revision: nameOf(tokenizer.origin).revision,
        fingerprint: plan.target.fingerprint,
        files: plan.target.inputs,
      },
    },
    card,
    config: configs.changes,
    configNotes: showNotes(configs.notes),
    chatTemplate: {
      from: template.from,
      ...(template.file && { file: template.file }),
      ...(template.sample && { sample: template.sample }),
    },
    parameters: countParameters(plan, model),
    files,
    tokenizerFiles: hashContents(published.files),
    contents,
    companions,
    ...(adapter && { adapter }),
    gate,
    evaluation,
    comparison,
    ...(edit && { edit: edit.summary }),
    notes: showNotes([
      ...plan.notes,
      ...(template.note === undefined ? [] : [template.note]),
      ...published.notes,
      ...tokenizer.notes.map((note) => `target tokenizer: ${note}`),
    ]),
  };
}
