import { RevocabError, showText } from "@revocab/core";
import type { GeneratedBytes, GeneratedText } from "@revocab/measure";
import type { Command } from "commander";
import { inFlags } from "../in-flags.ts";
import { withResolvedModels } from "../resolve-models.ts";
import { type CommandContext, runCommand } from "../run-command.ts";
import { escaped, proseForTerminal } from "../terminal.ts";
import { MODEL_HELP, type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";
import { numberWithin, wholeNumber, withRunning, withThreads } from "./options/values.ts";
import {
  requireVoters,
  resolvedVoters,
  type VotingFlags,
  votersToResolve,
  withVotingOptions,
} from "./options/voting.ts";

/** Named as the options of `generateText` and `generateBytes`. */
interface Flags extends ModelFlags, VotingFlags {
  readonly maxTokens: number;
  readonly maxBytes?: number;
  readonly promptFile?: string;
  readonly suffix?: string;
  readonly suffixFirst?: boolean;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed: number;
  readonly source?: string;
  readonly dynamic?: string;
  readonly shortlist?: number;
  readonly exact?: boolean;
}

interface Work extends CommandContext {
  readonly onText: ((text: string) => void) | undefined;
}

export function registerGenerate(program: Command): void {
  const command = program
    .command("generate")
    .summary("continue a text with a model")
    .description("Continue a text: greedily, or sampled with a seed when --temperature is given.")
    .argument("<model>", MODEL_HELP)
    .argument("[prompt]", "the text to continue");
  command
    .option("--max-tokens <n>", "stop after so many tokens", wholeNumber(1), 60)
    .option("--temperature <t>", "0 takes the most probable token always", numberWithin(0, 100), 0)
    .option("--top-k <n>", "draw from the n most probable tokens", wholeNumber(1))
    .option("--top-p <p>", "draw from the most probable tokens that make up this share", numberWithin(0, 1))
    .option("--seed <n>", "seed of the draws", wholeNumber(0), 0)
    .option("--source <text>", "encoder–decoder models: the text that the encoder reads (none)");
  withRunning(withThreads(command, "threads of the runtime (all cores)"))
    .optionsGroup("Byte by byte:")
    .option("--bytes", "draw bytes in the place of tokens, so that the prompt may end anywhere")
    .option("--max-bytes <n>", "with --bytes: stop after so many bytes (240)", wholeNumber(1))
    .option("--prompt-file <file>", "with --bytes: the bytes of a file are the prompt")
    .option(
      "--suffix <text>",
      "with --bytes: fill the gap between the prompt and this text (fill-in-the-middle)",
    )
    .option(
      "--suffix-first",
      "with --suffix: the model reads the suffix before the prompt (SPM), not after it",
    );
  withVotingOptions(command);
  command
    .optionsGroup("With a large vocabulary:")
    .option(
      "--dynamic <folder>",
      "read and write in the tokens of this folder, which revocab dynamic vocabulary wrote",
    )
    .option("--shortlist <n>", "with --dynamic: logits of the n most probable tokens (256)", wholeNumber(1))
    .option(
      "--exact",
      "with --dynamic: look at all rows, so that none of the most probable tokens is missed",
    );
  withModelOptions(command).action(async (model: string, prompt: string | undefined, flags: Flags) => {
    const { json, quiet } = command.optsWithGlobals<{ json?: boolean; quiet?: boolean }>();
    await runCommand<GeneratedText | GeneratedBytes>(
      command,
      async (context) => {
        requireFitting(command, prompt, flags);
        const work = { ...context, onText: json ? undefined : printer(context) };
        return flags.bytes
          ? writeBytes(model, prompt, flags, work)
          : writeTokens(model, prompt ?? "", flags, work);
      },
      ({ notes }) => {
        process.stdout.write("\n");
        if (!quiet) for (const note of notes) process.stderr.write(escaped`note: ${inFlags(note)}\n`);
        return { blocks: [] };
      },
      { readsOnly: true, runsModel: true },
    );
  });
}

async function writeTokens(model: string, prompt: string, flags: Flags, work: Work): Promise<GeneratedText> {
  const { generateText } = await import("@revocab/measure");
  const { maxTokens, dynamic, shortlist, exact } = flags;
  return withResolvedModels(work, { model: { name: model, want: "model" } }, ({ paths }) =>
    generateText({
      ...paths,
      ...modelOptions(flags),
      ...samplingOf(flags),
      ...work,
      ...{ maxTokens, dynamic, shortlist, exact, prompt },
    }),
  );
}

async function writeBytes(
  model: string,
  prompt: string | undefined,
  flags: Flags,
  work: Work,
): Promise<GeneratedBytes> {
  const { generateBytes } = await import("@revocab/measure");
  const { maxBytes, weights, mean, suffix } = flags;
  const gapOrder = flags.suffixFirst ? "suffix-first" : undefined;
  const begun = prompt ?? (await promptOf(flags.promptFile));
  return withResolvedModels(work, votersToResolve(model, flags), ({ paths }) =>
    generateBytes({
      ...resolvedVoters(paths),
      ...modelOptions(flags),
      ...samplingOf(flags),
      ...work,
      ...{ maxBytes, weights, mean, suffix, gapOrder },
      prompt: begun,
    }),
  );
}

function samplingOf({ temperature, topK, topP, seed, source }: Omit<Flags, "maxTokens">) {
  return { temperature, topK, topP, seed, source };
}

async function promptOf(path: string | undefined): Promise<Uint8Array> {
  if (path === undefined) return new Uint8Array(0);
  const { readWhole } = await import("@revocab/files");
  const bytes = await readWhole(path, {
    most: MOST_PROMPT_BYTES,
    hint: "expected a file with the text to continue",
  });
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return bytes;
  } catch (cause) {
    throw new RevocabError("bad_text", `${showText(path)}: found bytes that are no UTF-8, expected a text`, {
      hint: "it may end inside a character, but not hold a broken one",
      cause,
    });
  }
}

const MOST_PROMPT_BYTES = 2 ** 20;

const OF_TOKENS = {
  maxTokens: "--max-tokens",
  dynamic: "--dynamic",
  shortlist: "--shortlist",
  exact: "--exact",
};
const OF_DRAWS = { topK: "--top-k", topP: "--top-p" };
const OF_BYTES = { maxBytes: "--max-bytes", promptFile: "--prompt-file", suffix: "--suffix" };

/** @throws RevocabError `bad_options` for options of another way to write or to choose, and for no prompt or two */
function requireFitting(command: Command, prompt: string | undefined, flags: Flags): void {
  requireVoters(flags);
  const given = (options: Readonly<Record<string, string>>) =>
    Object.entries(options).find(([name]) => command.getOptionValueSource(name) === "cli")?.[1];
  const [ofTokens, ofBytes, ofDraws] = [given(OF_TOKENS), given(OF_BYTES), given(OF_DRAWS)];
  if (flags.bytes && ofTokens !== undefined) {
    throw new RevocabError("bad_options", `${ofTokens} was given with --bytes`, {
      hint: `leave ${ofTokens} out: text is written byte by byte, and limited by --max-bytes`,
    });
  }
  if (!flags.bytes && ofBytes !== undefined) {
    throw new RevocabError("bad_options", `${ofBytes} was given without --bytes`, {
      hint: `leave ${ofBytes} out, or add --bytes`,
    });
  }
  if (flags.temperature === 0 && ofDraws !== undefined) {
    throw new RevocabError(
      "bad_options",
      `${ofDraws} was given, but nothing is drawn without --temperature`,
      {
        hint: `add --temperature 1 to draw; or leave ${ofDraws} out: the most probable is taken always`,
      },
    );
  }
  if (flags.suffixFirst && flags.suffix === undefined) {
    throw new RevocabError("bad_options", "--suffix-first was given without --suffix", {
      hint: "give the text behind the gap with --suffix",
    });
  }
  if ((prompt === undefined) === (flags.promptFile === undefined)) {
    throw new RevocabError(
      "bad_options",
      prompt === undefined
        ? "found no prompt, expected one"
        : "found a prompt and --prompt-file, expected one of them",
      { hint: 'give the text to continue behind the model; "" begins a new text' },
    );
  }
}

/** Prints text as it comes. */
function printer({ clearProgress }: CommandContext): (text: string) => void {
  return (text) => {
    clearProgress();
    process.stdout.write(proseForTerminal(text));
  };
}
