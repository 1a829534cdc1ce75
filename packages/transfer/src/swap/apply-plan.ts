import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type JsonValue, rewriteCheckpoint } from "@revocab/checkpoint";
import { copyAuxiliaryFiles, listAuxiliaryFiles } from "@revocab/checkpoint/internal";
import {
  type Job,
  quote,
  RevocabError,
  type RowSource,
  type SpecialRole,
  showJson,
  showText,
  type TokenId,
} from "@revocab/core";
import { type InputFolder, writeError } from "@revocab/files";
import type { MeasuringSwap, MethodComparison } from "@revocab/measure";
import { withoutTimes } from "@revocab/measure/internal";
import type { ChatTemplateChoice, OpenModel, SwapPlan } from "@revocab/plan";
import {
  checkFit,
  chooseChatTemplate,
  type FileTemplate,
  produceRows,
  requireRowSource,
  sourceOf,
  tablePlan,
  templateFromFile,
} from "@revocab/plan/internal";
import { type CardFacts, type CardOptions, modelCard, type SwapReport } from "@revocab/report";
import { isLanguageCode, readCardFacts } from "@revocab/report/internal";
import { TOKENIZER_FILES } from "@revocab/vocabulary";
import { adapterBeside } from "../adapter/adapter-beside.ts";
import { followConfigs } from "../configs/follow-configs.ts";
import { checkGate } from "../gate/gate.ts";
import { hashFolder } from "./hash-folder.ts";
import { withHeaderHashes } from "./hash-headers.ts";
import { makeReport, type ReportedEdit } from "./make-report.ts";
import { publishTokenizer } from "./publish-tokenizer.ts";
import { stageOutput } from "./stage-output.ts";

export interface ApplyOptions {
  readonly plan: SwapPlan;
  /** Of the plan's rows that are no sum, as it came with the plan. @default the plan has none */
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
  /** A chat template of one's own, in place of the choice. @default none */
  readonly chatTemplateFile?: string;
  /** That of `chatTemplateFile`, where it was read already. @default read from the file */
  readonly template?: FileTemplate;
  /**
   * Values for config keys that have no counterpart, or that shall differ: by key, by path (`text_config.eos_token_id`) or
   * by file and path (`config.json:pad_token_id`); `"keep"` leaves what is there.
   */
  readonly tokenIds?: Readonly<Record<string, JsonValue>>;
  /** Tokens that get a role in all configs, whatever these said: `{ eos: 513 }`. */
  readonly roles?: Readonly<Partial<Record<SpecialRole, TokenId>>>;
  /** Zero rows fail the gate unless asked for. @default false */
  readonly allowZeroRows?: boolean;
  /** Files and folders beside the weights that are carried whatever they are. */
  readonly carry?: readonly string[];
  /** Codes of the languages that the card names. @default those of the source's card */
  readonly languages?: readonly string[];
  /** What the card says beside the report's figures: which methods it describes, and the command that it gives. */
  readonly card?: CardOptions;
  /** A measurement begun with the source model; the written folder is scored before it takes its place. */
  readonly measuring?: MeasuringSwap;
  /** How the plan's method was chosen, for the report. */
  readonly comparison?: MethodComparison;
  /** What was done to the source's own tokenizer, for the report. */
  readonly edit?: ReportedEdit;
  readonly job?: Job;
}

/**
 * Rewrites a model folder by a plan: all of it in a staging folder, through the gate, then one rename.
 * Any failure leaves the input untouched and nothing behind.
 */
export async function applyPlan(options: ApplyOptions): Promise<SwapReport> {
  const { plan, model, out, force = false, link = false, chatTemplate = "auto", tokenIds = {} } = options;
  const { allowZeroRows = false, job } = options;
  const { checkpoint } = model;
  const { tokenizer, rows } = plan.target;
  checkFit(plan, model);
  const rowSource = requireRowSource(plan, options.rowSource);
  const card = await cardOf(checkpoint.folder, options.languages);
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
    editedFrom: options.edit?.oldIdOf,
  });
  const published = publishTokenizer(tokenizer, template, {
    modelType: checkpoint.modelType,
    source: model.tokenizer,
    isEdit: options.edit !== undefined,
  });
  const adapter = await adapterBeside(model, { plan, rowSource }, options);
  const companions = await listAuxiliaryFiles(checkpoint.folder, {
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
  const output = await stageOutput({ out, inputs: [checkpoint.directory, tokenizer.origin], force });
  const writeOne = async (file: string, content: string | Uint8Array) => {
    const path = join(output.directory, file);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    } catch (cause) {
      throw writeError(path, cause);
    }
  };
  try {
    job?.onProgress?.({ type: "step", step: "write" });
    const written = await rewriteCheckpoint({
      checkpoint,
      out: output.directory,
      rows,
      untie: plan.recipe.untie,
      link,
      produce: ({ slot }, write) =>
        produceRows(tablePlan(plan, slot), rowSource, sourceOf(model, slot), write, options.job),
      job,
    });
    for (const [file, text] of configs.files) await writeOne(file, text);
    for (const [file, bytes] of published.files) await writeOne(file, bytes);
    await copyAuxiliaryFiles(checkpoint.folder, output.directory, companions, { link });
    const writtenAdapter = await adapter.write(output.directory);
    job?.onProgress?.({ type: "step", step: "check" });
    const gate = await checkGate({
      directory: output.directory,
      plan,
      model,
      edit: options.edit,
      allowZeroRows,
      job,
    });
    const evaluation = await options.measuring?.finish(output.directory);
    const sourceHashes = await model.hashes();
    const files = await withHeaderHashes(output.directory, written.files);
    const weights = files.flatMap(({ name, headerSha256 }) => (headerSha256 === undefined ? [] : [name]));
    const report = makeReport({
      plan,
      model,
      sourceHashes,
      card,
      configs,
      template,
      published,
      files,
      contents: await hashFolder(output.directory, weights),
      companions,
      adapter: writtenAdapter,
      gate,
      evaluation: evaluation ?? null,
      comparison: options.comparison ?? null,
      edit: options.edit,
    });
    await writeOne("revocab.json", `${showJson(withoutTimes(report))}\n`);
    await writeOne("README.md", modelCard(report, options.card));
    await checkpoint.folder.check();
    await adapter.check();
    job?.abortSignal?.throwIfAborted();
    await output.commit();
    return report;
  } catch (error) {
    await output.discard();
    throw job?.abortSignal?.aborted
      ? new RevocabError("aborted", "stopped before it was done; nothing was written", { cause: error })
      : inTermsOf(out, output.directory, error);
  }
}

/** The end of texts that the recipe names. */
function namedRoles({ recipe: { eos }, target }: SwapPlan): NonNullable<ApplyOptions["roles"]> {
  const id = eos === undefined ? undefined : target.tokenizer.vocabulary.idOfSpecial(eos);
  return id === undefined ? {} : { eos: id };
}

async function cardOf(folder: InputFolder, languages: readonly string[] | undefined): Promise<CardFacts> {
  const facts = await readCardFacts(folder);
  if (languages === undefined) return facts;
  const wrong = languages.find((code) => !isLanguageCode(code));
  if (wrong === undefined) return { ...facts, languages };
  throw new RevocabError("bad_options", `${quote(wrong)} is no code of a language such as de or pt-BR`, {
    hint: "give ISO 639 codes: https://huggingface.co/docs/hub/model-cards#specifying-a-language",
  });
}

/** The staging folder is gone when a person reads the message: it names the output instead. */
function inTermsOf(out: string, staging: string, error: unknown): unknown {
  const shown = showText(staging);
  if (!(error instanceof RevocabError) || !error.message.includes(shown)) return error;
  const { code, message, hint } = error;
  return new RevocabError(code, message.replaceAll(shown, out), {
    hint: hint?.replaceAll(shown, out),
    cause: error,
  });
}
