import { stat } from "node:fs/promises";
import { type InitMethod, RevocabError, showText } from "@revocab/core";
import type { Boundaries, MergeDegree } from "@revocab/dynamic-tokenization";
import type { MethodEntry } from "@revocab/embedding-init";
import { ifThere } from "@revocab/files/internal";
import type { DynamicRows } from "@revocab/measure";
import { type Command, InvalidArgumentError, Option } from "commander";
import { PAGE_HELP } from "../../write-page.ts";

/* How far tokens of a text are merged, and where. */

export interface MergingFlags {
  readonly reduction?: readonly number[];
  readonly merges?: readonly number[];
  readonly boundaries: Boundaries;
}

/** @param words of the two degrees, whose default is the command's matter */
export function withMergingOptions(
  command: Command,
  words: { readonly reduction: string; readonly merges: string },
): Command {
  return command
    .option("--reduction <percent>", words.reduction, percentList)
    .option("--merges <n>", words.merges, countList)
    .addOption(
      new Option(
        "--boundaries <where>",
        "where tokens may be joined: within what the tokenizer keeps together, within words and the punctuation at them, or anywhere in a document",
      )
        .choices(["pretoken", "word", "none"] satisfies Boundaries[])
        .default("pretoken"),
    );
}

/** @throws RevocabError `bad_options` for both at once */
export function degreesOf(
  { reduction, merges }: MergingFlags,
  otherwise: readonly MergeDegree[],
): readonly MergeDegree[] {
  if (reduction !== undefined && merges !== undefined) {
    throw new RevocabError("bad_options", "--reduction and --merges were both given", {
      hint: "each says how far tokens are merged: leave one of them out",
    });
  }
  if (reduction !== undefined) return reduction.map((share) => ({ reduction: share }));
  return merges === undefined ? otherwise : merges.map((count) => ({ merges: count }));
}

/** A score of merged tokens. */
export interface DynamicFlags extends MergingFlags {
  readonly dynamic?: string;
  readonly language?: string;
  readonly mergesFrom?: string;
  readonly ownRows?: "kept" | "provided";
  readonly prefill?: boolean;
  readonly html?: string;
}

export function withDynamicOptions(command: Command): Command {
  return withMergingOptions(
    command
      .optionsGroup("Tokens merged for the text, beside the model's own:")
      .option(
        "--dynamic <rows>",
        "score the text in merged tokens too, with rows by a hypernetwork (its folder), by a method, as name or name:key=value, or by a plan",
      )
      .option("--language <name>", "the hypernetwork's language, where it asks for one"),
    {
      reduction: "shares of its tokens that the text loses, with commas between (10,20,30,40%)",
      merges: "numbers of merges, in the place of --reduction",
    },
  )
    .option("--merges-from <file>", "learn the merges from this text (the one that is scored)")
    .addOption(
      new Option(
        "--own-rows <rows>",
        "whether the model's own tokens keep their rows, or get others as the merged ones do (what suits the rows)",
      ).choices(["kept", "provided"]),
    )
    .option(
      "--prefill",
      "score the second half of each document too, in the model's own tokens, after its first half in merged ones",
    )
    .option("--html <file>", PAGE_HELP);
}

const OF_MERGED = {
  language: "--language",
  reduction: "--reduction",
  merges: "--merges",
  boundaries: "--boundaries",
  mergesFrom: "--merges-from",
  ownRows: "--own-rows",
  prefill: "--prefill",
  html: "--html",
};
const OF_OWN = { bytes: "--bytes", byToken: "--by-token", with: "--with", server: "--server" };

/** @throws RevocabError `bad_options` for options of merged tokens without these, and for others that are not for them */
export function checkDynamic(command: Command, { dynamic }: DynamicFlags): void {
  const refused = Object.entries(dynamic === undefined ? OF_MERGED : OF_OWN).find(
    ([name]) => command.getOptionValueSource(name) === "cli",
  )?.[1];
  if (refused === undefined) return;
  throw dynamic === undefined
    ? new RevocabError("bad_options", `${refused} was given without --dynamic`, {
        hint: "name what gives merged tokens their rows: --dynamic with the folder of a hypernetwork, or a method",
      })
    : new RevocabError("bad_options", `${refused} was given with --dynamic, whose tokens are not scored so`, {
        hint: `leave ${refused} out`,
      });
}

/**
 * What a name stands for: a method where there is one of this name, else a plan where it is a file, and the folder of a hypernetwork.
 * @throws RevocabError `missing_file` for a name that is none of them
 */
export async function dynamicRows(name: string, language: string | undefined): Promise<DynamicRows> {
  const { catalog } = await import("../../catalog.ts");
  const methods = await catalog();
  const isMethod = Object.hasOwn(methods, name.split(":", 1)[0]);
  const found = isMethod ? undefined : await ifThere(name, stat(name));
  if (!isMethod && found === undefined) {
    throw new RevocabError(
      "missing_file",
      `--dynamic: ${showText(name)} is no method, and there is no such folder or file`,
      {
        hint: "give the folder of a hypernetwork, a plan file, or one of the methods that revocab methods lists",
      },
    );
  }
  if (found?.isDirectory()) return { hypernetwork: name, language };
  if (language !== undefined) {
    throw new RevocabError("bad_options", `--language was given, but ${showText(name)} is no hypernetwork`, {
      hint: "leave --language out",
    });
  }
  if (!isMethod) return { plan: name };
  return { method: await methodFor(name, methods) };
}

/** @throws RevocabError `bad_options` for a method that lacks an option, or reads a donor */
async function methodFor(text: string, methods: Readonly<Record<string, MethodEntry>>): Promise<InitMethod> {
  const { methodCandidates, readsDonor } = await import("@revocab/embedding-init");
  const named = () => {
    try {
      return methodCandidates([text], {}, methods).candidates[0];
    } catch (error) {
      if (!(error instanceof RevocabError) || text.includes(":")) throw error;
      throw new RevocabError("bad_options", error.message, {
        hint: `options stand behind the name: --dynamic ${text}:key=value; revocab methods lists them`,
      });
    }
  };
  const { name, method } = named();
  if (!readsDonor(method)) return method;
  throw new RevocabError(
    "bad_options",
    `${name} takes rows of a model that was trained with the new tokens, and merged ones have no such model`,
    { hint: "name a method that reads no donor, or the folder of a hypernetwork" },
  );
}

/** 10,20,30% as shares of 1. */
function percentList(value: string): readonly number[] {
  return value.split(",").map((part) => {
    const [, digits] = /^(\d+(?:\.\d+)?)%?$/.exec(part.trim()) ?? [];
    const share = Number(digits) / 100;
    if (!(share >= 0 && share < 1))
      throw new InvalidArgumentError("expected percentages from 0 to below 100, such as 10,20,30%.");
    return share;
  });
}

function countList(value: string): readonly number[] {
  return value.split(",").map((part) => {
    if (!/^\d+$/.test(part.trim()))
      throw new InvalidArgumentError("expected whole numbers, such as 50,100,200.");
    return Number(part);
  });
}
