import { type Command, Option } from "commander";
import { collect, collectPairs } from "./values.ts";

/* The model and the tokenizer that a command reads. */

export const MODEL_HELP =
  "a model folder (config.json, safetensors, tokenizer.json), or a repository of the Hub: ORG/NAME, ORG/NAME@REVISION";
export const TOKENIZER_HELP =
  "the new tokenizer: a folder, a tokenizer.json, a SentencePiece .model, or a repository of the Hub";
export const EOS_HELP =
  "the special token that ends texts from now on, such as <|im_end|>; the tokenizer and the configs follow";

/** Which tensors have a row per token, where the architecture does not say. */
export interface ModelFlags {
  readonly vocabularyTensor?: Record<string, string>;
  readonly ignoreTensor?: readonly string[];
}

export function withModelOptions(command: Command): Command {
  return command
    .optionsGroup("Which tensors have a row per token, where the architecture does not say:")
    .option(
      "--vocabulary-tensor <name=slot>",
      "a tensor with a row per token: input, output, output.bias, or a name after them such as input.encoder (repeatable)",
      collectPairs,
    )
    .option(
      "--ignore-tensor <name>",
      "a tensor that is as long as the vocabulary by chance (repeatable)",
      collect,
    );
}

export function modelOptions({ vocabularyTensor, ignoreTensor }: ModelFlags) {
  return { vocabularyTensors: vocabularyTensor, ignoreTensors: ignoreTensor };
}

/** How the target tokenizer is fitted to the model. */
export interface FittingFlags {
  readonly specialTokens?: "model" | "target";
  readonly special?: readonly string[];
  readonly eos?: string;
}

export function withFittingOptions(command: Command): Command {
  return command
    .optionsGroup("The tokenizer:")
    .addOption(
      new Option(
        "--special-tokens <whose>",
        "what stands around a text: what the model was trained with, in the target's tokens, or what the target tokenizer itself puts there",
      )
        .choices(["model", "target"])
        .default("model"),
    )
    .option("--special <tokens...>", "control tokens that the target tokenizer is given first")
    .option("--eos <token>", EOS_HELP);
}

export function fittingOptions({ specialTokens, special, eos }: FittingFlags) {
  return { specialTokens, specials: special, eos };
}
