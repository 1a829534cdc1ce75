import type { JsonValue } from "@revocab/checkpoint";
import { copyAuxiliaryFiles, listAuxiliaryFiles } from "@revocab/checkpoint/internal";
import {
  type Job,
  quote,
  RevocabError,
  type RowSource,
  type SpecialRole,
  showJson,
  stages,
  type TokenId,
  throwIfAborted,
} from "@revocab/core";
import type { InputFolder } from "@revocab/files";
import type { MeasuringSwap, MethodComparison } from "@revocab/measure";
import {
  type ChatTemplateChoice,
  type ChosenChatTemplate,
  type OpenModel,
  type SwapPlan,
  tokenizerOf,
} from "@revocab/plan";
import {
  checkFit,
  chooseChatTemplate,
  produceRows,
  requireRowSource,
  sourceOf,
  tablePlan,
  templateFromFile,
} from "@revocab/plan/internal";
import { type CardFacts, type CardOptions, modelCard, type SwapReport } from "@revocab/report";
import { isLanguageCode, readCardFacts } from "@revocab/report/internal";
import { TOKENIZER_FILES } from "@revocab/vocabulary";
import { adapterBeside } from "../adapter/write-adapter.ts";
import type { ReportedEdit } from "../edit/reported-edit.ts";
import { checkGate } from "../gate/gate.ts";
import { followConfigs } from "./follow-configs.ts";
import { makeReport, withoutTimes } from "./make-report.ts";
import type { OwnTokenizer } from "./own-tokenizer.ts";
import { publishTokenizer } from "./publish-tokenizer.ts";
import { namingOutput } from "./stage-output.ts";
import { type StartedOutput, startOutput } from "./start-output.ts";

export interface ApplyOptions {
  readonly plan: SwapPlan;
  /** Reads the plan's rows that are no sum; it came with the plan. @default the plan has none */
  readonly rowSource?: RowSource;
  readonly model: OpenModel;
  /** The folder to write; it must not exist unless `force`. */
  readonly out: string;
  /** Replace an existing `out`, after the new one is complete. @default false */
  readonly force?: boolean;
  /** Hard-link the weight files that hold no vocabulary tensor instead of copying them. @default false */
  readonly link?: boolean;
  /** @default "auto" */
  readonly chatTemplate?: ChatTemplateChoice;
  /** The path of a chat template in Jinja, which is written in place of `chatTemplate`. @default none */
  readonly chatTemplateFile?: string;
  /**
   * Values for config keys whose ids have no counterpart, or are to differ: by key, by path (`text_config.eos_token_id`) or
   * by file and path (`config.json:pad_token_id`); `"keep"` leaves what is there.
   */
  readonly tokenIds?: Readonly<Record<string, JsonValue>>;
  /** The tokens of roles in all configs, in place of what these have: `{ eos: 513 }`. */
  readonly roles?: Readonly<Partial<Record<SpecialRole, TokenId>>>;
  /** Let new rows of zeros pass the gate. @default false */
  readonly allowZeroRows?: boolean;
  /** Auxiliary files and folders that are carried, whatever their kind. */
  readonly carry?: readonly string[];
  /** Codes of the languages that the card names. @default those of the source's card */
  readonly languages?: readonly string[];
  /** For the card: the methods that it describes, and the command that reproduces the model. */
  readonly card?: CardOptions;
  readonly job?: Job;
}

/** {@link ApplyOptions}, and what a swap or an edit found on the way to its plan. */
export interface WriteByPlanOptions extends ApplyOptions {
  /** The templates to write, where they were chosen or read before. @default by `chatTemplate` and `chatTemplateFile` */
  readonly template?: ChosenChatTemplate;
  /** The output, started while the rows were planned; a caller that gives it discards it. @default started here */
  readonly output?: StartedOutput;
  /** The source model, already scored; the written folder is scored before the rename. */
  readonly measuring?: MeasuringSwap;
  /** How the plan's method was chosen, for the report. */
  readonly comparison?: MethodComparison;
  /** Where the target is the source's own tokenizer, edited or not. */
  readonly own?: OwnTokenizer;
  /** What was done to it, for the report. */
  readonly edit?: ReportedEdit;
}

/**
 * Rewrites a model folder by a plan: all of it in a staging folder, through the gate, then one rename. The input is never
 * changed, and a failure leaves no files behind.
 *
 * @throws RevocabError `apply_mismatch` for another model than the plan's; `token_id_unmapped`, `output_exists`, `gate_failed`,
 *   `no_space`, `write_failed`, `aborted`; `bad_options` for a plan with rows that are no sum, but no `rowSource`
 */
export function applyPlan(options: ApplyOptions): Promise<SwapReport> {
  return writeByPlan(options);
}

/** How long these take beside each other, for progress. */
export const WRITING_WEIGHT = 2;
export const SCORING_WEIGHT = 4;

/** {@link applyPlan} for a swap or an edit from paths. */
export async function writeByPlan(options: WriteByPlanOptions): Promise<SwapReport> {
  const { plan, model, out, force, link, chatTemplate = "auto", tokenIds = {}, job } = options;
  const { checkpoint } = model;
  const { rows } = plan.target;
  const tokenizer = tokenizerOf(plan.target);
  checkFit(plan, model);
  const rowSource = requireRowSource(plan, options.rowSource);
  const cardFacts = await cardFactsOf(checkpoint.folder, options.languages);
  const template =
    options.template ??
    (options.chatTemplateFile === undefined
      ? chooseChatTemplate(chatTemplate, model.tokenizer, tokenizer)
      : await templateFromFile(options.chatTemplateFile, tokenizer));
  const configs = await followConfigs({
    model,
    target: tokenizer,
    rows,
    untie: plan.recipe.untie,
    overrides: tokenIds,
    roles: { ...namedRoles(plan), ...options.roles },
    editedFrom: options.own?.oldIdOf,
  });
  const published = publishTokenizer(tokenizer, template, {
    modelType: checkpoint.modelType,
    source: model.tokenizer,
    isOwn: options.own !== undefined,
  });
  const adapter = await adapterBeside(model, { plan, rowSource }, options);
  const auxiliary = await listAuxiliaryFiles(checkpoint.folder, {
    rewritten: [
      ...configs.files.keys(),
      ...published.files.keys(),
      ...checkpoint.files.map(({ name }) => name),
      ...adapter.files,
    ],
    tokenizerFiles: TOKENIZER_FILES,
    vocabularySizes: [checkpoint.rows, model.tokenizer.vocabulary.size],
    carry: options.carry,
  });
  const { origin } = plan.target;
  const { untie } = plan.recipe;
  const {
    write: writing,
    check,
    score,
  } = stages(job, {
    write: WRITING_WEIGHT * 0.7,
    check: WRITING_WEIGHT * 0.3,
    score: options.measuring === undefined ? 0 : SCORING_WEIGHT,
  });
  const output = options.output ?? (await startOutput({ model, origin, rows, untie, out, force, link, job }));
  const { directory, weights } = output;
  try {
    job?.onProgress?.({ type: "step", step: "write" });
    const written = await output.rewrite.finish(
      ({ slot }, write) =>
        produceRows(tablePlan(plan, slot), rowSource, sourceOf(model, slot), write, writing),
      writing,
    );
    for (const [file, text] of configs.files) await output.write(file, text);
    for (const [file, bytes] of published.files) await output.write(file, bytes);
    await copyAuxiliaryFiles(checkpoint.folder, directory, auxiliary, { link });
    const writtenAdapter = await adapter.write(directory);
    job?.onProgress?.({ type: "step", step: "check" });
    const gate = await checkGate({ ...options, directory, weights, job: check });
    const evaluation = await options.measuring?.finish(directory, score);
    const report = await makeReport(directory, {
      ...options,
      weights,
      cardFacts,
      configs,
      template,
      published,
      written,
      companions: auxiliary,
      adapter: writtenAdapter,
      gate,
      evaluation,
    });
    await output.write("revocab.json", `${showJson(withoutTimes(report))}\n`);
    await output.write("README.md", modelCard(report, options.card));
    await checkpoint.folder.check();
    await adapter.check();
    throwIfAborted(job?.abortSignal);
    await output.commit();
    return report;
  } catch (error) {
    await output.discard();
    throw job?.abortSignal?.aborted
      ? new RevocabError("aborted", "stopped before it was done; nothing was written", { cause: error })
      : namingOutput(out, directory, error);
  }
}

/** The end-of-text token that the recipe names. */
function namedRoles({ recipe: { eos }, target }: SwapPlan): NonNullable<ApplyOptions["roles"]> {
  const id = eos === undefined ? undefined : tokenizerOf(target).vocabulary.idOfSpecial(eos);
  return id === undefined ? {} : { eos: id };
}

async function cardFactsOf(
  folder: InputFolder,
  languages: readonly string[] | undefined,
): Promise<CardFacts> {
  const facts = await readCardFacts(folder);
  if (languages === undefined) return facts;
  const wrong = languages.find((code) => !isLanguageCode(code));
  if (wrong === undefined) return { ...facts, languages };
  throw new RevocabError("bad_options", `${quote(wrong)} is no code of a language such as de or pt-BR`, {
    hint: "give ISO 639 codes: https://huggingface.co/docs/hub/model-cards#specifying-a-language",
  });
}
