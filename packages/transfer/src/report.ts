import { createRequire } from "node:module";
import type { CompanionFiles } from "@revocab/checkpoint";
import { showNotes, type TokenId } from "@revocab/core";
import type { EditedTokenizer } from "@revocab/vocabulary-editing";
import type { WrittenAdapter } from "./adapter/write-adapter.ts";
import type { CardFacts } from "./card-facts.ts";
import type { ChosenChatTemplate } from "./chat-template.ts";
import type { MethodComparison } from "./compare-methods.ts";
import { countParameters } from "./count-parameters.ts";
import type { EditRecipe } from "./edit-recipe.ts";
import type { FollowedConfigs } from "./follow-configs.ts";
import type { GateReport } from "./gate.ts";
import { hashContents } from "./hash-files.ts";
import type { ReportedFile } from "./hash-headers.ts";
import type { SwapEvaluation } from "./measure-swap.ts";
import { nameOf, type OpenModel } from "./open-model.ts";
import type { PublishedTokenizer } from "./publish-tokenizer.ts";
import { type PlanSummary, summarizePlan } from "./summarize-plan.ts";
import type { Recipe, SwapPlan } from "./swap-plan.ts";

const { version } = createRequire(import.meta.url)("../package.json") as { version: string };

/**
 * What `revocab.json` in the output says: enough to make the same bytes again, and to trust these.
 * The file holds no time, no path and no machine: the same recipe on the same inputs gives the same report. (The times of
 * measurements are in what the functions return, and are left out of the file.)
 */
export interface SwapReport extends PlanSummary {
  readonly revocab: string;
  /** With what was done to the source's own tokenizer, where the target is that. */
  readonly recipe: Recipe & { readonly edit?: EditRecipe };
  readonly inputs: {
    readonly source: InputFiles & { readonly fingerprint: string };
    readonly target: InputFiles & { readonly fingerprint: string };
  };
  /** What the card carries over from the source's, and the languages that were named instead. */
  readonly card: CardFacts;
  readonly config: FollowedConfigs["changes"];
  /** What was dropped from the configs, was left as it was though it looks wrong, or could not be known. */
  readonly configNotes: FollowedConfigs["notes"];
  /** Of one from a file also its name and a sample conversation. */
  readonly chatTemplate: Pick<ChosenChatTemplate, "from" | "file" | "sample">;
  readonly parameters: { readonly before: number; readonly after: number };
  readonly files: readonly ReportedFile[];
  /** sha256 by name of the tokenizer's files as they were written: fitted to the model, or edited. */
  readonly tokenizerFiles: Readonly<Record<string, string>>;
  /** sha256 by name of all files as they were written but the weight files, the card and the report. */
  readonly contents: Readonly<Record<string, string>>;
  /** The other files of the source folder. */
  readonly companions: CompanionFiles;
  /** The adapter that lay beside the model, where one did. */
  readonly adapter?: WrittenAdapter;
  readonly gate: GateReport;
  /** What the swap cost on a text, before any training; null when nothing was measured. */
  readonly evaluation: SwapEvaluation | null;
  /** How the method was chosen; null when it was named. */
  readonly comparison: MethodComparison | null;
  /** What came of the edit of the source's own tokenizer, where the target is that. */
  readonly edit?: EditSummary;
  readonly notes: readonly string[];
}

/** An edit of a vocabulary in counts. */
export interface EditSummary {
  readonly pieces: number;
  /** Tokens that only lead to pieces. */
  readonly steps: number;
  readonly addedTokens: number;
  /** The first and the last id of what was added; null where nothing was. */
  readonly ids: { readonly first: TokenId; readonly last: TokenId } | null;
  /** Entries that the tokenizer had and that are control tokens now. */
  readonly promoted: EditedTokenizer["promoted"];
  readonly renamed: EditedTokenizer["renamed"];
  readonly refused: EditedTokenizer["refused"];
  /** How many tokens were taken out. */
  readonly removed: number;
  readonly pruned: EditedTokenizer["pruned"];
}

/** What a report says of an edit: what was asked, and what came of it. */
export interface ReportedEdit {
  readonly recipe: EditRecipe;
  readonly summary: EditSummary;
  /** [V_t] the id that each token had before, −1 for a new one: ids in the configs are mapped by it and by nothing else. */
  readonly oldIdOf: EditedTokenizer["oldIdOf"];
  /** Ids of tokens that are new, or are called or found otherwise than before. */
  readonly changed: readonly TokenId[];
}

interface InputFiles {
  readonly name: string;
  readonly revision: string | null;
  /** File name → sha256. */
  readonly files: Readonly<Record<string, string>>;
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
  companions: CompanionFiles;
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
