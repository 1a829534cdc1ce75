import type { Command } from "commander";
import { inFlags } from "../in-flags.ts";
import { withResolvedModels } from "../resolve-models.ts";
import { type CommandContext, runCommand } from "../run-command.ts";
import { escaped, proseForTerminal } from "../terminal.ts";
import { MODEL_HELP, type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";
import { numberWithin, wholeNumber, withRunning, withThreads } from "./options/values.ts";

/** Named as the options of `generateText`. */
interface Flags extends ModelFlags {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed: number;
  readonly source?: string;
}

export function registerGenerate(program: Command): void {
  const command = program
    .command("generate")
    .summary("continue a text with a model")
    .description("Continue a text: greedily, or sampled with a seed when --temperature is given.")
    .argument("<model>", MODEL_HELP)
    .argument("<prompt>", "the text to continue");
  command
    .option("--max-tokens <n>", "stop after so many tokens", wholeNumber(1), 60)
    .option("--temperature <t>", "0 takes the most probable token always", numberWithin(0, 100), 0)
    .option("--top-k <n>", "draw from the n most probable tokens", wholeNumber(1))
    .option("--top-p <p>", "draw from the most probable tokens that make up this share", numberWithin(0, 1))
    .option("--seed <n>", "seed of the draws", wholeNumber(0), 0)
    .option("--source <text>", "encoder–decoder models: the text that the encoder reads (none)");
  withModelOptions(withRunning(withThreads(command, "threads of the runtime (all cores)"))).action(
    async (model: string, prompt: string, { vocabularyTensor, ignoreTensor, ...sampling }: Flags) => {
      const { generateText } = await import("@revocab/measure");
      const { json, quiet } = command.optsWithGlobals<{ json?: boolean; quiet?: boolean }>();
      await runCommand(
        command,
        (context) =>
          withResolvedModels(context, { model: { name: model, want: "model" } }, ({ paths }) =>
            generateText({
              ...paths,
              ...modelOptions({ vocabularyTensor, ignoreTensor }),
              ...sampling,
              prompt,
              onText: json ? undefined : printer(context),
              ...context,
            }),
          ),
        ({ notes }) => {
          process.stdout.write("\n");
          if (!quiet) for (const note of notes) process.stderr.write(escaped`note: ${inFlags(note)}\n`);
          return { blocks: [] };
        },
        { readsOnly: true },
      );
    },
  );
}

/** Prints text as it comes. */
function printer({ clearProgress }: CommandContext): (text: string) => void {
  return (text) => {
    clearProgress();
    process.stdout.write(proseForTerminal(text));
  };
}
