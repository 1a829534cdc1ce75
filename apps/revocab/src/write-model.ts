import type { ResolvedModel, Wanted } from "@revocab/hub";
import type { Command } from "commander";
import { type OutputFlags, outOf, refuseWithDryRun } from "./commands/output-options.ts";
import { publishAfterwards } from "./publish-afterwards.ts";
import { type CommandContext, runCommand } from "./run-command.ts";
import { type NamedModel, withModels } from "./with-models.ts";

/** What a command that writes a model does, step by step. */
export interface ModelWriting<Names extends string, Options, Summary, Report> {
  /** The model, and what else is opened by name. */
  readonly names: Readonly<Record<Names | "model", NamedModel>>;
  /** Says what is wrong with the options before anything is downloaded. */
  prepare(): Promise<{
    /** What of the model a dry run needs. */
    readonly want: Wanted;
    readonly options: Options;
  }>;
  plan(inputs: WritingInputs<NoInfer<Names>, NoInfer<Options>>): Promise<Summary>;
  write(inputs: WritingInputs<NoInfer<Names>, NoInfer<Options>> & { readonly out: string }): Promise<Report>;
  printPlan(summary: Summary): string;
  print(report: Report, out: string): string;
}

/** The options, the paths that names mean, and the listeners. */
type WritingInputs<Names extends string, Options> = Options &
  Readonly<Record<Names, string>> & {
    readonly weights?: NonNullable<ResolvedModel["weights"]>;
  } & CommandContext;

/** Runs a command that writes a model and may publish it, or with --dry-run says what it would do. */
export async function writeModel<Names extends string, Options, Summary, Report extends object>(
  command: Command,
  flags: OutputFlags,
  { names, prepare, plan, write, printPlan, print }: ModelWriting<Names, Options, Summary, Report>,
): Promise<void> {
  const out = outOf(command, flags);
  const open = <Result>(
    context: CommandContext,
    want: Wanted,
    options: Options,
    use: (inputs: WritingInputs<Names, Options>) => Promise<Result>,
  ) => {
    const wanted = { ...names, model: { ...names.model, want } };
    return withModels<Names, Result>(context, wanted, ({ paths, weights }) =>
      use({ ...options, ...paths, ...weights, ...context }),
    );
  };
  if (out === undefined) {
    await runCommand(
      command,
      async (context) => {
        refuseWithDryRun(flags);
        const { want, options } = await prepare();
        return open(context, want, options, plan);
      },
      (summary) => `${printPlan(summary)}\nNothing was written (--dry-run)\n`,
    );
    return;
  }
  const { checkOutputPlace } = await import("@revocab/transfer");
  const { printPublished } = await import("./print-published.ts");
  await runCommand(
    command,
    async (context) => {
      const { options } = await prepare();
      const inputs = Object.values<NamedModel>(names).map(({ name }) => name);
      await checkOutputPlace({ out, inputs, force: flags.force ?? false });
      const publish = await publishAfterwards(flags, context);
      const report = await open(context, "model", options, (opened) => write({ ...opened, out }));
      return { ...report, ...(await publish(out)) };
    },
    ({ published, ...report }) =>
      print(report as Report, out) + (published === undefined ? "" : printPublished(published)),
  );
}
