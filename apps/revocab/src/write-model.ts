import { RevocabError } from "@revocab/core";
import type { ResolvedModel, Wanted } from "@revocab/hub";
import { paragraph, type ReportDocument } from "@revocab/report-document";
import type { Command } from "commander";
import type { modelOptions } from "./commands/options/inputs.ts";
import { type OutputFlags, outOf, refuseWithDryRun } from "./commands/options/output.ts";
import { requireText } from "./commands/options/scoring.ts";
import { presentPublished, publishAfterwards } from "./commands/publish.ts";
import { withBlocks } from "./present/with-blocks.ts";
import { requireRuntime } from "./require-runtime.ts";
import { type NamedModel, withResolvedModels } from "./resolve-models.ts";
import { type CommandContext, runCommand } from "./run-command.ts";
import { checkPagePlace, pageLines } from "./write-page.ts";
import { writeReview } from "./write-review.ts";

type TensorOptions = ReturnType<typeof modelOptions>;

/** The steps of a command that writes a model. */
export interface ModelWriting<Names extends string, Options extends TensorOptions, Summary, Report> {
  /** The model, and what else is opened by name. */
  readonly names: Readonly<Record<Names | "model", NamedModel>>;
  /** Checks the options before anything is downloaded. */
  prepare(): Promise<{
    /** The part of the model that a dry run needs. */
    readonly want: Wanted;
    /** Planning runs a model or another network. @default false */
    readonly runsModel?: boolean;
    readonly options: Options;
    /** The donor, where methods read one. */
    readonly donor?: NamedModel | undefined;
  }>;
  plan(inputs: WritingInputs<NoInfer<Names>, NoInfer<Options>>): Promise<Summary>;
  write(inputs: WritingInputs<NoInfer<Names>, NoInfer<Options>> & { readonly out: string }): Promise<Report>;
  presentPlan(summary: Summary): ReportDocument;
  present(report: Report, out: string): ReportDocument;
}

/** The prepared options, the path of each name, and the job. */
type WritingInputs<Names extends string, Options> = Options &
  Readonly<Record<Names | "model", string>> &
  WeightSources &
  CommandContext;

/** Where weights are read from that stay on the Hub. */
export interface WeightSources {
  readonly weights?: ResolvedModel["weights"];
  readonly donorWeights?: ResolvedModel["weights"];
}

/** Runs a command that writes a model and may publish it; with --dry-run it only prints its plan. */
export async function writeModel<
  Names extends string,
  Options extends TensorOptions,
  Summary,
  Report extends object,
>(
  command: Command,
  flags: OutputFlags,
  { names, prepare, plan, write, presentPlan, present }: ModelWriting<Names, Options, Summary, Report>,
): Promise<void> {
  const open = <Result>(
    context: CommandContext,
    {
      want,
      options,
      donor,
    }: { readonly want: Wanted; readonly options: Options; readonly donor?: NamedModel | undefined },
    use: (inputs: WritingInputs<Names, Options>) => Promise<Result>,
  ) => {
    const wanted = { ...names, model: { ...names.model, want } };
    return withResolvedModels<Names | "model", Result>(
      context,
      wanted,
      ({ paths, weights }) =>
        use({ ...options, ...paths, weights: weights.model, donorWeights: weights.donor, ...context }),
      donor,
    );
  };
  const out = outOf(command, flags);
  if (out === undefined) {
    await runCommand(
      command,
      async (context) => {
        requireText(flags);
        refuseWithDryRun(flags);
        const prepared = await prepare();
        if (prepared.runsModel) await requireRuntime(context.job.onProgress);
        return open(context, prepared, plan);
      },
      (summary) => withBlocks(presentPlan(summary), paragraph("Nothing was written (--dry-run)")),
    );
    return;
  }
  const { checkOutputPlace } = await import("@revocab/transfer");
  await runCommand(
    command,
    async (context) => {
      requireText(flags);
      const prepared = await prepare();
      if (prepared.runsModel || flags.eval !== undefined || flags.heal !== undefined)
        await requireRuntime(context.job.onProgress);
      const inputs = Object.values<NamedModel>(names).map(({ name }) => name);
      if (prepared.donor !== undefined) inputs.push(prepared.donor.name);
      await checkOutputPlace({ out, inputs, force: flags.force ?? false });
      if (flags.html !== undefined) await checkPagePlace(flags.html, out);
      const publish = await publishAfterwards(flags, context);
      const report = await open(context, { ...prepared, want: "model" }, async (opened) => {
        const written = await write({ ...opened, out });
        if (flags.html !== undefined) {
          const { vocabularyTensors, ignoreTensors, weights, job, model: source } = opened;
          const tensors = { vocabularyTensors, ignoreTensors, weights };
          await reviewWritten({ subject: out, source, ...tensors, job }, flags.html);
        }
        return written;
      });
      return { ...report, ...(await publish(out)) };
    },
    ({ published, ...report }) => {
      const document = withBlocks(present(report as Report, out), ...pageLines(flags.html));
      if (published === undefined) return document;
      return withBlocks(document, ...presentPublished(published).blocks);
    },
  );
}

/** Writes the page of a model that is in its place, and says so of a page that was not written. */
async function reviewWritten(
  options: Parameters<typeof writeReview>[0] & { readonly source: string },
  page: string,
): Promise<void> {
  try {
    await writeReview(options, page);
  } catch (error) {
    if (!(error instanceof RevocabError)) throw error;
    const { subject, source } = options;
    throw new RevocabError(
      error.code,
      `the model is in ${subject}, but its page was not written: ${error.message}`,
      {
        hint: `revocab report ${subject} --source ${source} --html ${page} writes the page alone`,
        cause: error,
      },
    );
  }
}
