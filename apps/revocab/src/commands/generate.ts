import type { Command } from "commander";
import { proseForTerminal } from "../for-terminal.ts";
import { numberWithin, wholeNumber } from "../options.ts";
import { runCommand } from "../run-command.ts";
import { shown } from "../shown.ts";
import { withModels } from "../with-models.ts";
import { MODEL_HELP, type ModelFlags, modelOptions, withModelOptions } from "./shared-options.ts";

interface Flags extends ModelFlags {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed: number;
  readonly threads?: number;
}

export function registerGenerate(program: Command): void {
  const command = program
    .command("generate")
    .summary("continue a text, to see a model speak")
    .description("Continue a text: greedily, or sampled with a seed when --temperature is given.")
    .argument("<model>", MODEL_HELP)
    .argument("<prompt>", "the text to continue");
  command
    .option("--max-tokens <n>", "stop after so many tokens", wholeNumber(1), 60)
    .option("--temperature <t>", "0 takes the most probable token always", numberWithin(0, 100), 0)
    .option("--top-k <n>", "draw from the n most probable tokens", wholeNumber(1))
    .option("--top-p <p>", "draw from the most probable tokens that make up this share", numberWithin(0, 1))
    .option("--seed <n>", "seed of the draws", wholeNumber(0), 0)
    .option("--threads <n>", "threads of the runtime (all cores)", wholeNumber(1));
  withModelOptions(command).action(async (model: string, prompt: string, flags: Flags) => {
    const { generateText } = await import("@revocab/measure");
    const { json, quiet } = command.optsWithGlobals<{ json?: boolean; quiet?: boolean }>();
    const streams = !json;
    await runCommand(
      command,
      (context) =>
        withModels(context, { model: { name: model, want: "model" } }, ({ paths }) =>
          generateText({
            ...paths,
            prompt,
            ...modelOptions(flags),
            maxTokens: flags.maxTokens,
            temperature: flags.temperature,
            topK: flags.topK,
            topP: flags.topP,
            seed: flags.seed,
            ...(streams && { onText: (text: string) => process.stdout.write(proseForTerminal(text)) }),
            job: context.job,
          }),
        ),
      ({ notes }) => {
        process.stdout.write("\n");
        if (!quiet) for (const note of notes) process.stderr.write(shown`note: ${note}\n`);
        return "";
      },
      { readsOnly: true },
    );
  });
}
