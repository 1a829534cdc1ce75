import { existsSync } from "node:fs";
import { type InitMethod, quote, RevocabError, type Role } from "@revocab/core";
import { type Command, Option } from "commander";
import { collect, collectPairs, tokenIdsOf, wholeNumber } from "../options.ts";
import { reproducingCommand } from "./reproducing-command.ts";

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
  return {
    vocabularyTensors: vocabularyTensor,
    ignoreTensors: ignoreTensor,
  };
}

export const MODEL_HELP =
  "a model folder (config.json, safetensors, tokenizer.json), or a repository of the Hub: ORG/NAME, ORG/NAME@REVISION";
export const TOKENIZER_HELP =
  "the new tokenizer: a folder, a tokenizer.json, a SentencePiece .model, or a repository of the Hub";

export interface PlanFlags extends ModelFlags {
  readonly tokenizer: string;
  /** @default chain-rule with a text, else subtoken-mean */
  readonly method?: string;
  readonly text?: string;
  readonly with?: Record<string, string>;
  readonly fallback: string;
  readonly fallbackWith?: Record<string, string>;
  readonly copy?: boolean;
  readonly seed: number;
  readonly untie?: boolean;
  readonly role?: Role;
  readonly padToMultipleOf?: number;
  readonly rows?: number;
}

const ROWS = "How the rows are made:";

/** @param copying the options for rows that the model has already @default those of a swap */
export function withPlanOptions(command: Command, copying = withCopyOptions): Command {
  return withComparedPlanOptions(
    command
      .optionsGroup(ROWS)
      .option(
        "--method <name>",
        "what fills the rows of new tokens; see: revocab methods (chain-rule with --text, else subtoken-mean)",
      )
      .option(
        "--text <file>",
        "a text like that the model shall read and write: evidence for the method, or with --method auto what decides",
      ),
    copying,
  );
}

/** Options of a plan but for its method, which a comparison has several of. */
export function withComparedPlanOptions(command: Command, copying = withCopyOptions): Command {
  const methods = command
    .optionsGroup(ROWS)
    .option("--with <key=value>", "an option of the method (repeatable)", collectPairs)
    .option("--fallback <name>", "what fills the rows the method has no evidence for", "mean")
    .option("--fallback-with <key=value>", "an option of the fallback (repeatable)", collectPairs);
  return copying(methods)
    .option("--seed <n>", "seed of every random number", wholeNumber(0), 0)
    .option("--untie", "give a tied model a head of its own (adds V·d parameters)")
    .addOption(
      new Option("--role <role>", "for a tied model: whose rows serve both input and output").choices([
        "input",
        "output",
      ]),
    )
    .option("--pad-to-multiple-of <n>", "add rows until their number is a multiple of n", wholeNumber(1))
    .option(
      "--rows <n>",
      "have exactly n rows, such as the model has that this one is served with",
      wholeNumber(1),
    );
}

function withCopyOptions(command: Command): Command {
  return command
    .option(
      "--copy",
      "copy the rows of tokens both vocabularies share, also where the method has better ones (see: revocab methods)",
    )
    .option("--no-copy", "do not copy them");
}

export interface FittingFlags {
  readonly specialTokens?: "model" | "target";
  readonly special?: readonly string[];
  readonly eos?: string;
}

/** How the target tokenizer is fitted to the model. */
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

export const EOS_HELP =
  "the special token that ends texts from now on, such as <|im_end|>; the tokenizer and the configs follow";

export function fittingOptions({ specialTokens, special, eos }: FittingFlags) {
  return {
    specialTokens,
    specials: special,
    eos,
  };
}

/** What makePlan takes, from the command line; unknown methods and options are errors that name what exists. */
export async function planOptions(
  flags: Omit<PlanFlags, "tokenizer">,
): Promise<ComparedPlanOptions & { readonly method: InitMethod }> {
  const { defaultMethodFor, methodOf } = await import("../catalog.ts");
  const { text } = flags;
  const name = flags.method ?? (await defaultMethodFor({ text }));
  const method = await methodOf(
    name,
    text === undefined ? flags.with : await withText(name, text, flags.with),
  );
  return { method, ...(await comparedPlanOptions(flags)) };
}

/** The parts of a model that the methods need: its tables, or all of it where one runs it. */
export function wantedBy(options: { readonly method: InitMethod; readonly fallback: InitMethod }) {
  const methods = [options.method, options.fallback].flatMap((one) =>
    one.kind === "chain" ? one.methods : [one],
  );
  return methods.some(({ needs }) => needs?.includes("model")) ? ("model" as const) : ("tables" as const);
}

export interface ComparedPlanOptions {
  readonly fallback: InitMethod;
  readonly copyShared?: boolean;
  readonly seed: number;
  readonly untie: boolean;
  readonly role?: Role;
  readonly padToMultipleOf?: number;
  readonly rows?: number;
}

export async function comparedPlanOptions(
  flags: Omit<PlanFlags, "method" | "tokenizer">,
): Promise<ComparedPlanOptions> {
  const { methodOf } = await import("../catalog.ts");
  return {
    fallback: await methodOf(flags.fallback, flags.fallbackWith),
    copyShared: flags.copy,
    seed: flags.seed,
    untie: flags.untie ?? false,
    role: flags.role,
    padToMultipleOf: flags.padToMultipleOf,
    rows: flags.rows,
  };
}

/** The text as the option of the method that reads one. */
async function withText(
  name: string,
  text: string,
  options: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, string>>> {
  const { catalog } = await import("../catalog.ts");
  const entry = (await catalog())[name];
  if (entry === undefined || ("text" in entry.options.shape && options.text === undefined)) {
    return { ...options, text };
  }
  const found = options.text === undefined ? "reads no text" : "has one already, by --with text";
  throw new RevocabError("bad_options", `--text was given, but the method ${name} ${found}`, {
    hint: "leave --text out; --eval scores the model before and after",
  });
}

export interface ApplyFlags extends ModelFlags {
  readonly force?: boolean;
  readonly link?: boolean;
  /** One of {@link CHAT_TEMPLATES}, or a file. */
  readonly chatTemplate: string;
  readonly tokenId?: Record<string, string>;
  readonly allowZeroRows?: boolean;
  readonly carry?: readonly string[];
  readonly language?: readonly string[];
  readonly threads?: number;
}

export function withApplyOptions(command: Command): Command {
  return command
    .optionsGroup("What is written:")
    .option("--force", "replace an existing --out, after the new one is complete")
    .option("--link", "hard-link weight files without vocabulary tensors instead of copying them")
    .option(
      "--chat-template <whose>",
      "whose chat template the model gets: auto, source, target or none; or a file with one in Jinja",
      "auto",
    )
    .option(
      "--token-id <key=id>",
      "the id of a config key, such as image_token_id, or keep (repeatable)",
      collectPairs,
    )
    .option(
      "--language <code>",
      "a language that the card names, such as de (those of the source's card; repeatable)",
      collect,
    )
    .option(
      "--carry <path>",
      "a file or folder of the model that is carried over whatever it is (repeatable)",
      collect,
    )
    .option("--allow-zero-rows", "let rows of zeros pass the gate")
    .option("--threads <n>", "threads of the kernel and the runtime (all cores)", wholeNumber(1));
}

const CHAT_TEMPLATES = ["auto", "source", "target", "none"] as const;

/** @throws RevocabError `bad_options` for what is neither a choice nor a file */
export function chatTemplateOptions({ chatTemplate }: Pick<ApplyFlags, "chatTemplate">): {
  readonly chatTemplate?: (typeof CHAT_TEMPLATES)[number];
  readonly chatTemplateFile?: string;
} {
  const choice = CHAT_TEMPLATES.find((one) => one === chatTemplate);
  if (choice !== undefined) return { chatTemplate: choice };
  if (existsSync(chatTemplate)) return { chatTemplateFile: chatTemplate };
  throw new RevocabError(
    "bad_options",
    `--chat-template is ${quote(chatTemplate)}: found no such file, expected one or ${CHAT_TEMPLATES.join(", ")}`,
    { hint: "give the path of a file with a chat template in Jinja" },
  );
}

export async function applyOptions(flags: ApplyFlags) {
  const { quickCatalog } = await import("../catalog.ts");
  return {
    force: flags.force ?? false,
    link: flags.link ?? false,
    ...chatTemplateOptions(flags),
    tokenIds: tokenIdsOf(flags.tokenId ?? {}),
    allowZeroRows: flags.allowZeroRows ?? false,
    card: { command: reproducingCommand, methods: await quickCatalog() },
    carry: flags.carry,
    languages: flags.language,
  };
}
