import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { MAX_JSON_BYTES, namedTokenIds, readJsonObject } from "@revocab/checkpoint/internal";
import { type InitMethod, mapAhead, quote, RevocabError, throwIfAborted } from "@revocab/core";
import { methodsOf } from "@revocab/embedding-init";
import { type InputFolder, parseJson, readText } from "@revocab/files";
import type { MethodContest } from "@revocab/measure";
import { candidatesOf, type PickedMethod, pickMethod } from "@revocab/measure/internal";
import type { FileTemplate, OpenModel, PlanOptions } from "@revocab/plan";
import { templateFromFile, tokensWithoutRow } from "@revocab/plan/internal";
import { writableEncoder } from "@revocab/vocabulary";
import {
  type EditedTokenizer,
  editTokenizer,
  type RenamedToken,
  type VocabularyEdit,
} from "@revocab/vocabulary-editing";
import type { OwnTokenizer } from "../swap/own-tokenizer.ts";
import type { PlanSwapOptions, WithDonor } from "../swap/swap-tokenizer.ts";
import { type ReportedEdit, reportEdit } from "./reported-edit.ts";

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
     * Leave the rows of kept tokens as they are; otherwise a method that `changesShared` initializes these, too.
     * @default true
     */
    readonly copyShared?: boolean;
    /** A chat template that is checked before rows are initialized. @default none */
    readonly chatTemplateFile?: string;
  };

/** An edit before its rows are planned. */
export interface PreparedEdit extends Pick<PickedMethod, "comparison"> {
  /** What its plan is made of. */
  readonly planOptions: PlanOptions;
  readonly edited: EditedTokenizer;
  readonly own: OwnTokenizer;
  readonly edit: ReportedEdit;
  readonly template: FileTemplate | undefined;
}

/**
 * Edits the tokenizer of a model, and chooses how its rows will be initialized.
 * @throws RevocabError `bad_options`; what the edit and the comparison throw
 */
export async function prepareEdit(
  model: OpenModel,
  { copyShared = true, ...options }: WithDonor<PlanEditOptions>,
): Promise<PreparedEdit> {
  const { method, prune } = options;
  if (!copyShared) requireOtherRows(method);
  // both the edit and the recipe read the list, which may be an iterator
  const edit = { ...options, prune: prune?.keep ? { ...prune, keep: [...prune.keep] } : prune };
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
    // undefined, a method that changes shared tokens is tried before they are copied
    copyShared: copyShared ? true : undefined,
    model,
    tokenizer: { ...edited.tokenizer, origin: `${model.name} (edited)` },
    sourceOf: edited.sourceOf,
    newTokens: [...edited.added, ...edited.renamed].map(({ id }) => id),
    ...(prune === undefined && { minimumRows: model.checkpoint.rows, extendsSource: true }),
  };
  const { method: picked, comparison } = await pickMethod(method, planned);
  return {
    planOptions: { ...planned, method: picked },
    ...(comparison && { comparison }),
    edited,
    own: ownOf(edited),
    edit: await reportEdit(edit, edited),
    template,
  };
}

function ownOf({ oldIdOf, added, promoted, renamed }: EditedTokenizer): OwnTokenizer {
  return { oldIdOf, changed: [...added, ...promoted, ...renamed].map(({ id }) => id) };
}

const GENERATION = "generation_config.json";

/**
 * Adds to `prune.keep` what no prune may remove: tokens that the configs name (an eos that the tokenizer does not list as a
 * special) and, where positions depend on the pad id, all tokens before it, so that it keeps its id. CamemBERT has
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

/** Tokens that the tokenizer has and the model has no row for count as added. */
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

/** A text without any of the new tokens scores all methods alike. */
async function requireOccurrence(
  { scoring }: MethodContest,
  { tokenizer, sourceOf, added }: EditedTokenizer,
  abortSignal: AbortSignal | undefined,
): Promise<void> {
  const { documents } = await readText(scoring.text, scoring);
  const encode = writableEncoder(tokenizer);
  for await (const [, { ids }] of mapAhead(documents, (document) => encode(document, abortSignal))) {
    throwIfAborted(abortSignal);
    if (ids.some((id) => (sourceOf[id] as number) < 0)) return;
  }
  throw new RevocabError(
    "bad_options",
    `none of the ${added.length} new tokens is in the text that is to decide which method initializes their rows`,
    { hint: "give `text` with a text that has some of them, or name a method" },
  );
}

/**
 * Refuses a method that has no rows of its own for the tokens that both vocabularies have: `copyShared: false` would change
 * nothing.
 * @throws RevocabError `bad_options`
 */
export function requireOtherRows(method: InitMethod | MethodContest): void {
  const methods = candidatesOf(method).flatMap(methodsOf);
  if (methods.some(({ changesShared }) => changesShared)) return;
  throw new RevocabError(
    "bad_options",
    `the rows of kept tokens were to change, but ${methods.map(({ name }) => name).join(", ")} has no others for them`,
    { hint: "leave `copyShared: false` out, or take a method that changes the rows of shared tokens" },
  );
}

/**
 * Refuses to rename a token that a processor's config names (`"image_token": "<image>"`): the processor would put the old
 * name into texts, where it is no token any more.
 * @throws RevocabError `bad_options`
 */
async function refuseNamedElsewhere(folder: InputFolder, renamed: readonly RenamedToken[]): Promise<void> {
  if (renamed.length === 0) return;
  const files = (await readdir(folder.path)).filter((name) => /processor_config\.json$/.test(name));
  for (const file of files) {
    const bytes = await folder.read(file, { most: MAX_JSON_BYTES });
    const origin = join(folder.path, file);
    const strings = stringsIn(parseJson(bytes.toString("utf8"), { origin, code: "bad_config" }));
    const named = renamed.find(({ from }) => strings.has(from));
    if (named === undefined) continue;
    throw new RevocabError(
      "bad_options",
      `${quote(named.from)} cannot be renamed: ${file} names it, and its processor would go on writing it`,
      { hint: "rename another token, or change that file in a copy of the model first" },
    );
  }
}

function stringsIn(value: unknown, found: Set<string> = new Set()): Set<string> {
  if (typeof value === "string") found.add(value);
  else if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) stringsIn(inner, found);
  }
  return found;
}
