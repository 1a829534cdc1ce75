import { RevocabError } from "@revocab/core";
import type { EvaluateServedOptions } from "@revocab/measure";
import type { Command } from "commander";
import { wholeNumber } from "./values.ts";

/* A model that a server runs, in the place of a folder. */

export interface ServedFlags {
  readonly server?: string;
  readonly servedModel?: string;
  readonly tokenizer?: string;
  readonly requests?: number;
}

/** The environment variable with the server's token. Not OpenAI's own: that one is not for whatever server is named. */
const TOKEN_VARIABLE = "REVOCAB_SERVER_TOKEN";

export function withServedOptions(command: Command): Command {
  return command
    .optionsGroup("A model that a server runs, in the place of <model>:")
    .option(
      "--server <url>",
      `an OpenAI-compatible API that scores prompts (vLLM, SGLang), such as http://127.0.0.1:8000/v1; its token is ${TOKEN_VARIABLE}`,
    )
    .option("--served-model <name>", "the model's name there (the only one it lists)")
    .option(
      "--tokenizer <tokenizer>",
      "the served model's tokenizer: a folder, a file, or a repository of the Hub",
    )
    .option("--requests <n>", "requests under way at once (8)", wholeNumber(1));
}

/** Options of eval that only a model here has. */
const OF_A_FOLDER = {
  bytes: "--bytes",
  with: "--with",
  source: "--source",
  samples: "--samples",
  seed: "--seed",
  memory: "--memory",
  device: "--device",
  dtype: "--dtype",
  threads: "--threads",
  vocabularyTensor: "--vocabulary-tensor",
  ignoreTensor: "--ignore-tensor",
};
const OF_A_SERVER = { servedModel: "--served-model", tokenizer: "--tokenizer", requests: "--requests" };

/** What is scored: a model folder or repository, or a served model and the name of its tokenizer. */
export type Scored =
  | { readonly model: string }
  | {
      readonly tokenizer: string;
      readonly served: Pick<EvaluateServedOptions, "server" | "servedModel" | "requests" | "token">;
    };

/**
 * Tells by a command's argument and flags what is scored.
 * @throws RevocabError `bad_options` for both or neither, and for options of the other
 */
export function scoredBy(command: Command, model: string | undefined, flags: ServedFlags): Scored {
  const { server, servedModel, tokenizer, requests } = flags;
  const isGiven = (name: string) => command.getOptionValueSource(name) === "cli";
  const given = (options: Readonly<Record<string, string>>) =>
    Object.entries(options).find(([name]) => isGiven(name))?.[1];
  if (server === undefined) {
    if (model === undefined) {
      throw new RevocabError("bad_options", "found neither a model nor --server, expected one of them", {
        hint: "give a model folder, or --server with the address of a server that runs the model",
      });
    }
    const other = given(OF_A_SERVER);
    if (other === undefined) return { model };
    throw new RevocabError("bad_options", `${other} was given without --server`, {
      hint: `leave ${other} out, or pass --server in the place of the model`,
    });
  }
  const other = model === undefined ? given(OF_A_FOLDER) : `the model ${model}`;
  if (other !== undefined) {
    throw new RevocabError(
      "bad_options",
      `--server was given with ${other}, which a served model does not have`,
      {
        hint: `leave one of the two out`,
      },
    );
  }
  if (tokenizer === undefined) {
    throw new RevocabError("bad_options", "--server was given without --tokenizer", {
      hint: "pass the folder of the served model's tokenizer: texts are encoded here",
    });
  }
  return { tokenizer, served: { server, servedModel, requests, token: tokenOf(process.env) } };
}

function tokenOf({ [TOKEN_VARIABLE]: value }: NodeJS.ProcessEnv): string | undefined {
  return value?.trim() || undefined;
}
