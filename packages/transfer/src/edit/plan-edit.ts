import { namedTokenIds, readJsonObject } from "@revocab/checkpoint/internal";
import { mapAhead, RevocabError, throwIfAborted } from "@revocab/core";
import { readText } from "@revocab/files";
import type { MethodContest } from "@revocab/measure";
import { type PickedMethod, pickMethod, readOptions } from "@revocab/measure/internal";
import { makePlan, type OpenModel, type PlannedSwap } from "@revocab/plan";
import { type FileTemplate, templateFromFile, tokensWithoutRow } from "@revocab/plan/internal";
import type { EditSummary } from "@revocab/report";
import { writableEncoder } from "@revocab/vocabulary";
import { type EditedTokenizer, editTokenizer, type VocabularyEdit } from "@revocab/vocabulary-editing";
import type { ReportedEdit } from "../swap/make-report.ts";
import type { PlanSwapOptions } from "../swap/swap-tokenizer.ts";
import { editRecipe } from "./edit-recipe.ts";
import { refuseNamedElsewhere } from "./refuse-named-elsewhere.ts";
import { requireOtherRows } from "./require-other-rows.ts";

export type PlanEditOptions = Omit<
  PlanSwapOptions,
  | "model"
  | "tokenizer"
  | "copyShared"
  | "sourceOf"
  | "minimumRows"
  | "extendsSource"
  | "newTokens"
  | "specialTokens"
  | "chatTemplate"
  | "specials"
> &
  VocabularyEdit & {
    /**
     * Leave the rows of kept tokens as they are; otherwise a method that `changesShared` is asked for these too.
     * @default true
     */
    readonly copyShared?: boolean;
    /** A chat template that is to be checked before rows are made. @default none */
    readonly chatTemplateFile?: string;
  };

export interface PlannedEdit extends PickedMethod, PlannedSwap {
  readonly edited: EditedTokenizer;
  readonly edit: ReportedEdit;
  readonly template: FileTemplate | undefined;
}

/**
 * Edits the tokenizer of a model and plans the rows for it.
 * @throws RevocabError `bad_options`; what the edit, the comparison and the plan throw
 */
export async function planEdit(
  model: OpenModel,
  { copyShared = true, ...options }: PlanEditOptions,
): Promise<PlannedEdit> {
  const { method, prune } = options;
  if (!copyShared) requireOtherRows(method);
  // a list that can be read once is read for the edit and for the recipe
  const edit = {
    ...options,
    ...(prune?.keep && { prune: { ...prune, keep: [...prune.keep] } }),
  };
  const edited = withTokensWithoutRow(
    await editTokenizer(model.tokenizer, await withNamedTokens(edit, model), options.job),
    model,
  );
  await refuseNamedElsewhere(model.checkpoint.folder, edited.renamed);
  const { chatTemplateFile } = options;
  const template =
    chatTemplateFile === undefined ? undefined : await templateFromFile(chatTemplateFile, edited.tokenizer);
  if (method.kind === "contest") await requireOccurrence(method, edited, options.job?.abortSignal);
  const planned = {
    ...options,
    // without it a method that changes shared tokens is asked before they are copied
    ...(copyShared && { copyShared }),
    model,
    tokenizer: { ...edited.tokenizer, origin: `${model.name} (edited)` },
    sourceOf: edited.sourceOf,
    newTokens: [...edited.added, ...edited.renamed].map(({ id }) => id),
    ...(prune === undefined && { minimumRows: model.checkpoint.rows, extendsSource: true }),
  };
  const picked = await pickMethod(method, planned);
  const swap = await makePlan({ ...planned, method: picked.method });
  const { added, promoted, renamed, oldIdOf } = edited;
  const reported = {
    recipe: await editRecipe(edit),
    summary: summaryOf(edited),
    oldIdOf,
    changed: [...added, ...promoted, ...renamed].map(({ id }) => id),
  };
  return { ...picked, ...swap, edited, edit: reported, template };
}

const GENERATION = "generation_config.json";

/**
 * What a prune leaves in place whatever its text: tokens that the configs name (an eos that the tokenizer does not know as a
 * special), and where positions depend on the pad id those before it, so that it keeps its id when others move up: CamemBERT has
 * `<s>NOTUSED` at 0, which no text needs, and `<pad>` at 1.
 */
async function withNamedTokens<Edit extends VocabularyEdit>(
  edit: Edit,
  { checkpoint, tokenizer }: OpenModel,
): Promise<Edit> {
  const { prune } = edit;
  if (prune === undefined) return edit;
  const { config, folder, modelType, rows, positionsFollowPad } = checkpoint;
  const generation = (await folder.has(GENERATION))
    ? (await readJsonObject(folder, GENERATION, "bad_config", "restore the file, or remove it")).json
    : {};
  const named = [config, generation].flatMap((json) => namedTokenIds(json, modelType, rows));
  const pad = config.pad_token_id;
  const before =
    positionsFollowPad && typeof pad === "number" ? Array.from({ length: pad }, (_, id) => id) : [];
  const { vocabulary } = tokenizer;
  const kept = [...before, ...named].filter((id) => id < vocabulary.size && vocabulary.tokenOf(id) !== "");
  return { ...edit, prune: { ...prune, keep: [...kept, ...(prune.keep ?? [])] } };
}

/** A token that the tokenizer has and the model has no row for is new to the model. */
function withTokensWithoutRow(
  edited: EditedTokenizer,
  { checkpoint, tokenizer }: OpenModel,
): EditedTokenizer {
  const surplus = new Set(tokensWithoutRow(tokenizer, checkpoint.rows));
  if (surplus.size === 0) return edited;
  const ids = Array.from(edited.sourceOf.keys()).filter((id) => surplus.has(edited.sourceOf[id] as number));
  const { vocabulary } = edited.tokenizer;
  return {
    ...edited,
    sourceOf: edited.sourceOf.map((source) => (source < checkpoint.rows ? source : -1)),
    added: [
      ...ids.map((id) => ({ id, token: vocabulary.tokenOf(id), kind: "added" as const })),
      ...edited.added,
    ],
  };
}

/** Rows that a text never reads and hardly weighs score alike whatever made them. */
async function requireOccurrence(
  { scoring }: MethodContest,
  { tokenizer, sourceOf, added }: EditedTokenizer,
  abortSignal: AbortSignal | undefined,
): Promise<void> {
  const { documents } = await readText(scoring.text, readOptions(scoring));
  const encode = writableEncoder(tokenizer);
  for await (const [, { ids }] of mapAhead(documents, (document) => encode(document, abortSignal))) {
    throwIfAborted(abortSignal);
    if (ids.some((id) => (sourceOf[id] as number) < 0)) return;
  }
  throw new RevocabError(
    "bad_options",
    `none of the ${added.length} new tokens is in the text that is to decide what makes their rows`,
    { hint: "give `text` with a text that has some of them, or name a method" },
  );
}

function summaryOf({ added, promoted, renamed, refused, removed, pruned }: EditedTokenizer): EditSummary {
  const count = (kind: string) => added.filter((entry) => entry.kind === kind).length;
  const ids = added.map(({ id }) => id);
  return {
    pieces: count("piece"),
    steps: count("step"),
    addedTokens: count("added"),
    ids: ids.length === 0 ? null : { first: Math.min(...ids), last: Math.max(...ids) },
    promoted,
    renamed,
    refused,
    removed: removed.length,
    pruned,
  };
}
