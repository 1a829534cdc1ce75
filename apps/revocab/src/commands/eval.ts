import { basename } from "node:path";
import type { DynamicEvaluation, ModelEvaluation, ServedEvaluation } from "@revocab/measure";
import { renderHtml } from "@revocab/report-document";
import type { Command } from "commander";
import { inFlags } from "../in-flags.ts";
import { withBlocks } from "../present/with-blocks.ts";
import { withResolvedModels } from "../resolve-models.ts";
import { type CommandContext, runCommand } from "../run-command.ts";
import { checkPagePlace, pageLines, writePage } from "../write-page.ts";
import { MODEL_HELP, type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";
import {
  checkDynamic,
  type DynamicFlags,
  degreesOf,
  dynamicRows,
  withDynamicOptions,
} from "./options/merging.ts";
import { type ScoringFlags, scoringOptions, withScoringOptions } from "./options/scoring.ts";
import { type Scored, type ServedFlags, scoredBy, withServedOptions } from "./options/served-model.ts";
import { wholeNumber, withRunning, withThreads } from "./options/values.ts";

interface Flags extends ScoringFlags, ModelFlags, ServedFlags, DynamicFlags {
  readonly text: string;
  readonly bytes?: boolean;
  readonly byToken?: boolean;
  readonly source?: string;
  readonly seed: number;
}

export function registerEval(program: Command): void {
  const command = program
    .command("eval")
    .summary("score a model on a text, in bits per byte")
    .description(
      "Score a model on a text: bits per byte, which models with different tokenizers can be compared by.",
    )
    .argument("[model]", MODEL_HELP);
  command.requiredOption("--text <file>", "a UTF-8 text");
  withScoringOptions(command)
    .option("--bytes", "score by bytes too: over all ways to write the text in tokens (slower)")
    .option("--by-token", "say which tokens and documents cost most")
    .option("--source <text>", "encoder–decoder models: the text that the encoder reads (none)")
    .option("--seed <n>", "masked models: which tokens are masked", wholeNumber(0), 0);
  const running = withRunning(withThreads(command, "threads of the runtime (all cores)"));
  withModelOptions(withServedOptions(withDynamicOptions(running))).action(
    async (model: string | undefined, flags: Flags) => {
      const { presentEvaluation } = await import("../present/present-evaluation.ts");
      const { presentDynamic } = await import("../present/present-dynamic.ts");
      await runCommand(
        command,
        async (context): Promise<ModelEvaluation | ServedEvaluation | DynamicEvaluation> => {
          checkDynamic(command, flags);
          const scored = scoredBy(command, model, flags);
          if (flags.dynamic === undefined || "served" in scored) return evaluate(scored, flags, context);
          return evaluateMerged(scored.model, flags.dynamic, flags, context);
        },
        (evaluation) =>
          "reduced" in evaluation
            ? withBlocks(presentDynamic(evaluation), ...pageLines(flags.html))
            : presentEvaluation(evaluation),
        {
          readsOnly: flags.html === undefined,
          runsModel: flags.server === undefined && model !== undefined,
        },
      );
    },
  );
}

async function evaluateMerged(
  name: string,
  rowsName: string,
  flags: Flags,
  context: CommandContext,
): Promise<DynamicEvaluation> {
  const { evaluateDynamic } = await import("@revocab/measure");
  const { html, language, text, boundaries, mergesFrom: mergesText, ownRows, prefill, seed, source } = flags;
  if (html !== undefined) await checkPagePlace(html);
  const degrees = degreesOf(flags, DEGREES);
  const rows = await dynamicRows(rowsName, language);
  const { samples, ...scoring } = scoringOptions(flags);
  const evaluation = await withResolvedModels(context, { model: { name, want: "model" } }, ({ paths }) =>
    evaluateDynamic({
      ...paths,
      ...modelOptions(flags),
      ...scoring,
      ...{
        text,
        rows,
        degrees,
        boundaries,
        mergesText,
        ownRows,
        prefill,
        source,
        samples,
        samplesSeed: seed,
      },
      ...context,
    }),
  );
  if (html !== undefined) {
    const { dynamicPage } = await import("../present/present-dynamic.ts");
    const title = `${basename(name)} in merged tokens`;
    await writePage(html, renderHtml(dynamicPage(evaluation, title), { words: inFlags }));
  }
  return evaluation;
}

const DEGREES = [0.1, 0.2, 0.3, 0.4].map((reduction) => ({ reduction }));

async function evaluate(
  scored: Scored,
  flags: Flags,
  context: CommandContext,
): Promise<ModelEvaluation | ServedEvaluation> {
  const { evaluateModel, evaluateServedModel } = await import("@revocab/measure");
  const { byToken = false } = flags;
  const { samples, ...scoring } = { ...scoringOptions(flags), text: flags.text, byToken };
  if ("served" in scored) {
    const tokenizer = { name: scored.tokenizer, want: "tokenizer" } as const;
    return withResolvedModels(context, { tokenizer }, ({ paths }) =>
      evaluateServedModel({ ...scored.served, ...paths, ...scoring, ...context }),
    );
  }
  return withResolvedModels(context, { model: { name: scored.model, want: "model" } }, ({ paths }) =>
    evaluateModel({
      ...paths,
      ...modelOptions(flags),
      ...scoring,
      samples,
      samplesSeed: flags.seed,
      source: flags.source,
      byteLevel: flags.bytes ?? false,
      ...context,
    }),
  );
}
