import { basename } from "node:path";
import type { DynamicEvaluation } from "@revocab/measure";
import { renderHtml } from "@revocab/report-document";
import { inFlags } from "../in-flags.ts";
import { withResolvedModels } from "../resolve-models.ts";
import type { CommandContext } from "../run-command.ts";
import { checkPagePlace, writePage } from "../write-page.ts";
import { type ModelFlags, modelOptions } from "./options/inputs.ts";
import { type DynamicFlags, degreesOf, dynamicRows } from "./options/merging.ts";
import { type ScoringFlags, scoringOptions } from "./options/scoring.ts";

/** `eval --dynamic` */
export interface MergedFlags extends ScoringFlags, ModelFlags, DynamicFlags {
  readonly text: string;
  readonly source?: string;
  readonly seed: number;
}

/** Scores a text in merged tokens; with `--html` writes a page of it. */
export async function evaluateMerged(
  name: string,
  rowsName: string,
  flags: MergedFlags,
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
      ...{ text, rows, degrees, boundaries, mergesText, ownRows, prefill, source },
      ...{ samples, samplesSeed: seed, seed },
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
