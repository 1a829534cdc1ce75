import { stat } from "node:fs/promises";
import { quote, RevocabError, showText } from "@revocab/core";
import { parseJson } from "@revocab/files";
import { ifThere } from "@revocab/files/internal";
import type { ApplyOptions } from "@revocab/transfer";
import type { Command } from "commander";
import { collect, collectPairs, withRunning, withThreads } from "./values.ts";

/* How a model is written: its chat template, its configs, the files beside the weights, its card. */

/** Of a model that keeps its tokenizer. */
export interface WritingFlags {
  readonly force?: boolean;
  readonly link?: boolean;
  readonly allowZeroRows?: boolean;
  readonly carry?: readonly string[];
  readonly language?: readonly string[];
}

export interface ApplyFlags extends WritingFlags {
  /** One of {@link CHAT_TEMPLATES}, or a file. */
  readonly chatTemplate: string;
  readonly tokenId?: Record<string, string>;
}

export function withApplyOptions(command: Command): Command {
  return withWritingOptions(command, (written) =>
    written
      .option(
        "--chat-template <whose>",
        "whose chat template the model gets: auto, source, target or none; or a file with one in Jinja",
        "auto",
      )
      .option(
        "--token-id <key=id>",
        "the id of a config key, such as image_token_id, or keep (repeatable)",
        collectPairs,
      ),
  );
}

/** @param following the options of what follows another tokenizer @default none */
export function withWritingOptions(
  command: Command,
  following: (command: Command) => Command = (written) => written,
): Command {
  const written = following(
    command
      .optionsGroup("What is written:")
      .option("--force", "replace an existing --out, after the new one is complete")
      .option("--link", "hard-link weight files without vocabulary tensors instead of copying them"),
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
    .option("--allow-zero-rows", "let rows of zeros pass the gate");
  return withRunning(withThreads(written));
}

export async function applyOptions(flags: ApplyFlags) {
  return {
    ...(await writingOptions(flags)),
    ...(await chatTemplateOptions(flags)),
    tokenIds: tokenIdsOf(flags.tokenId ?? {}),
  };
}

export async function writingOptions(flags: WritingFlags) {
  const { quickCatalog } = await import("../../catalog.ts");
  const { reproducingCommand } = await import("../reproducing-command.ts");
  return {
    force: flags.force ?? false,
    link: flags.link ?? false,
    allowZeroRows: flags.allowZeroRows ?? false,
    card: { command: reproducingCommand, methods: await quickCatalog() },
    carry: flags.carry,
    languages: flags.language,
  };
}

const CHAT_TEMPLATES = ["auto", "source", "target", "none"] as const;

/** @throws RevocabError `bad_options` for what is neither a choice nor a file */
export async function chatTemplateOptions({
  chatTemplate,
}: Pick<ApplyFlags, "chatTemplate">): Promise<Pick<ApplyOptions, "chatTemplate" | "chatTemplateFile">> {
  const choice = CHAT_TEMPLATES.find((one) => one === chatTemplate);
  if (choice !== undefined) return { chatTemplate: choice };
  if (await ifThere(chatTemplate, stat(chatTemplate))) return { chatTemplateFile: chatTemplate };
  throw new RevocabError(
    "bad_options",
    `--chat-template is ${quote(chatTemplate)}: found no such file, expected one or ${CHAT_TEMPLATES.join(", ")}`,
    { hint: "give the path of a file with a chat template in Jinja" },
  );
}

/** A value of `--token-id KEY=VALUE`: an id, ids with commas between them, a list or a map as JSON, null, or keep. */
export type TokenIdAnswer = NonNullable<ApplyOptions["tokenIds"]>[string];

export function tokenIdsOf(pairs: Record<string, string>): Record<string, TokenIdAnswer> {
  return Object.fromEntries(Object.entries(pairs).map(([key, value]) => [key, tokenIdAnswer(key, value)]));
}

function tokenIdAnswer(key: string, value: string): TokenIdAnswer {
  if (value === "keep") return value;
  const json = /^\d+(,\d+)+$/.test(value) ? `[${value}]` : value;
  if (/^(\d+$|null$|\[|\{)/.test(json)) {
    return parseJson(json, {
      origin: `--token-id ${key}`,
      code: "bad_options",
      hint: TOKEN_ID_HINT,
    }) as TokenIdAnswer;
  }
  throw new RevocabError("bad_options", `--token-id ${key}=${showText(value, 200)}: expected a number`, {
    hint: TOKEN_ID_HINT,
  });
}

const TOKEN_ID_HINT =
  "for instance --token-id image_token_id=32000; also 1,2 for a list, JSON, null, or keep";
