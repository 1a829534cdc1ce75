import type { Command } from "commander";
import { aliasOf } from "./option-alias.ts";

/*
 * What people type who know other programs. A name that can only mean one thing works; for others the error says the name here.
 */

/** Lets `-o` and `--output` stand for `--out`, and `info` for `inspect`. */
export function knowOtherNames(program: Command): void {
  for (const command of program.commands) {
    if (command.name() === "inspect") command.alias("info");
    knowOtherNames(command);
    const out = command.options.find(({ long }) => long === "--out");
    if (out === undefined) continue;
    out.short = "-o";
    out.flags = `-o, ${out.flags}`;
    command.addOption(aliasOf(command, "--output <path>", "out"));
  }
}

/**
 * The command or option that an unknown one of a commander's message stands for, with what there is to say of it.
 * @param command the one whose options are meant
 */
export function meantBy(message: string, command: Command): string | undefined {
  const [, kind, name = ""] = /unknown (command|option) '([^']+)'/.exec(message) ?? [];
  if (kind === undefined) return undefined;
  if (kind === "command") return own(COMMANDS, name.toLowerCase());
  const meant = own(OPTIONS, name.split("=", 1)[0] as string);
  const [, long] = /^(--[\w-]+)/.exec(meant ?? "") ?? [];
  return long === undefined || command.options.some((option) => option.long === long) ? meant : undefined;
}

function own(names: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(names, name) ? names[name] : undefined;
}

const COMMANDS: Readonly<Record<string, string>> = {
  ...meaning("swap?", "transplant", "tokensurgeon", "convert", "replace", "transfer", "merge", "run"),
  ...meaning("inspect?", "show", "describe", "stats", "tokenizer", "vocab"),
  ...meaning("eval?", "evaluate", "score", "perplexity", "ppl", "benchmark"),
  ...meaning("compare?", "search", "tune", "try"),
  ...meaning("heal?", "train", "finetune", "fine-tune"),
  ...meaning("extend?", "add", "add-tokens", "add_tokens", "resize"),
  ...meaning("prune?", "trim", "shrink", "remove"),
  ...meaning("publish?", "upload", "push", "push-to-hub"),
  ...meaning("methods?", "list", "ls"),
  ...meaning("generate?", "chat", "complete", "sample"),
  ...meaning("completion?", "completions", "autocomplete"),
  login: "huggingface-cli login? The token that it keeps is used; so is HF_TOKEN",
  download: "inspect? Models of the Hub are downloaded by the commands that are given their names",
};

const OPTIONS: Readonly<Record<string, string>> = {
  ...meaning("--out?", "--output-dir", "--output_dir", "--output-path", "--out-path", "--outdir", "--save"),
  ...meaning("--tokenizer?", "--target", "--target-tokenizer", "--tokenizer-source", "--tok"),
  ...meaning("--with? Options of a method are given as --with KEY=VALUE", "--k", "--weighting", "--options"),
  ...meaning("--method?", "--approximation-method", "--merge-method", "--init", "--strategy"),
  ...meaning("--donor?", "--donor-model", "--base-model"),
  ...meaning("--device cuda?", "--cuda", "--gpu"),
  ...meaning("--dtype?", "--torch-dtype", "--torch_dtype", "--precision", "--fp16", "--bf16"),
  ...meaning("--recipe?", "--yaml", "--conf", "--params"),
  ...meaning("--publish?", "--push-to-hub", "--push_to_hub", "--hub-model-id"),
  ...meaning("--force?", "--overwrite", "-f", "--yes", "-y"),
  ...meaning("--threads?", "--num-threads", "--num-workers", "--workers", "-j"),
  ...meaning("--quiet?", "--silent", "-q"),
  ...meaning("--dry-run?", "--plan", "-n"),
  ...meaning("--pad-to-multiple-of?", "--pad_to_multiple_of", "--pad"),
  "--trust-remote-code": "to leave it out? No code of models is run",
  "--trust_remote_code": "to leave it out? No code of models is run",
  "--verbose": "to leave it out? Progress is shown unless --quiet is given",
  "--revision": "MODEL@REVISION? The revision follows the name of the repository",
  "--token":
    "HF_TOKEN? The access token is read from the environment, or from where huggingface-cli login keeps it",
  "--lazy-unpickle": "to leave it out? Only safetensors are read",
  "--no-color": "NO_COLOR=1? Colours are chosen by the environment",
};

function meaning(meant: string, ...names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, meant]));
}
