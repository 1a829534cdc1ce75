import { existsSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { RevocabError, showMessage, showText } from "@revocab/core";
import { parseJson, readWhole } from "@revocab/files";
import type { RecordedInputs } from "@revocab/transfer";
import { type ReproducedReport, reproducingWords } from "../commands/reproducing-command.ts";

/** Options for a command from a file, each by its name without dashes. */
export interface Recipe {
  /** In their order. `model` is the argument of the command. */
  readonly settings: readonly (readonly [name: string, value: unknown])[];
  /** Of a record, where the inputs must be those of then. */
  readonly record?: RecordedInputs;
}

/**
 * Reads the options of a command from a file: what a user wrote as YAML or JSON, or the `revocab.json` of a model.
 * @param command as it is typed, such as `swap`
 * @param isGiven whether the command line says what an option is
 * @throws RevocabError `missing_file`, also for an input of a record; `bad_file` for what is neither, and for the record of another command
 */
export async function readRecipe(
  path: string,
  command: string,
  isGiven: (name: string) => boolean,
): Promise<Recipe> {
  const content = (await readWhole(path, { most: MAX_BYTES, hint: HINT })).toString("utf8");
  const value = await parse(content, path);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RevocabError(
      "bad_file",
      `${showText(path)} is no recipe: expected names of options with values`,
      {
        hint: HINT,
      },
    );
  }
  if (!("revocab" in value && "recipe" in value)) return { settings: Object.entries(value) };
  const { parseReport } = await import("@revocab/swap-review");
  const report = parseReport(content, path);
  const recorded = settingsOf(report as unknown as ReproducedReport, path, command);
  const settings = recorded.filter(([name]) => !isGiven(name));
  return { settings: settings.map(([name, value]) => [name, placed(name, value, path)]), record: report };
}

/** That of an edit with 100,000 tokens has about 20 MB. */
const MAX_BYTES = 200e6;
/** More of hostile YAML would keep the parser busy for minutes. */
const MAX_YAML_BYTES = 256e3;
const HINT =
  "give a revocab.json that revocab wrote, or YAML or JSON with lines such as: model, tokenizer, out, method";

async function parse(content: string, path: string): Promise<unknown> {
  if (extname(path).toLowerCase() === ".json") {
    return parseJson(content, { origin: path, code: "bad_file", hint: HINT });
  }
  if (content.length > MAX_YAML_BYTES) {
    throw new RevocabError(
      "bad_file",
      `${showText(path)} has ${content.length.toLocaleString("en")} characters, expected YAML of at most ${MAX_YAML_BYTES.toLocaleString("en")}`,
      { hint: HINT },
    );
  }
  const { parse: parseYaml } = await import("yaml");
  try {
    return parseYaml(content, { maxAliasCount: 10, logLevel: "error" });
  } catch (error) {
    const [message = ""] = String((error as Error).message).split("\n");
    throw new RevocabError("bad_file", `${showText(path)} is no YAML: ${showMessage(message)}`, {
      hint: HINT,
      cause: error,
    });
  }
}

/** The options that made a model, from its record. */
function settingsOf(
  report: ReproducedReport,
  path: string,
  command: string,
): readonly (readonly [name: string, value: RecordedValue])[] {
  const words = reproducingWords(report)?.map(unquoted);
  if (words === undefined) {
    throw new RevocabError(
      "bad_file",
      `${showText(path)} records options that the command line does not have`,
      {
        hint: "repeat the run from code, as it was made",
      },
    );
  }
  const [, recorded = "", model = "", ...rest] = words;
  if (recorded !== command) {
    throw new RevocabError(
      "bad_file",
      `${showText(path)} was written by revocab ${recorded}, not ${command}`,
      {
        hint: `run revocab ${recorded} --recipe ${path}`,
      },
    );
  }
  const settings = new Map<string, RecordedValue>([["model", model]]);
  let flag = "";
  for (const word of rest) {
    if (word.startsWith("--")) flag = word.slice(2);
    const before = settings.get(flag);
    if (word.startsWith("--")) settings.set(flag, before ?? true);
    else settings.set(flag, before === undefined || before === true ? word : [before, word].flat());
  }
  return [...settings];
}

function unquoted(word: string): string {
  return word.startsWith("'") ? word.slice(1, -1) : word;
}

type RecordedValue = true | string | readonly string[];

/**
 * A value with the paths of its folders and files. A record has their names alone: they are looked for in the working directory,
 * beside the record, and in the folder above it.
 */
function placed(option: string, value: RecordedValue, record: string): RecordedValue {
  if (typeof value === "string") return placedWord(option, value, record);
  return value === true ? value : value.map((word) => placedWord(option, word, record));
}

/** `./NAME`, or what may be the file of `key=NAME`; other words stay. */
function placedWord(option: string, word: string, record: string): string {
  const [, key = "", isPath, name] = /^((?:[\w-]+=)?)(\.\/)?(.+)$/s.exec(word) ?? [];
  if (name === undefined || (isPath === undefined && key === "")) return word;
  const folders = [".", dirname(record), join(dirname(record), "..")];
  const place = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (place !== undefined) return `${key}${place}`;
  if (isPath === undefined) return word;
  throw new RevocabError(
    "missing_file",
    `${showText(record)} names ${showText(name, 200)}, which is in none of ${[...new Set(folders.map((folder) => resolve(folder)))].join(", ")}`,
    { hint: `say where it is: ${option === "model" ? "MODEL as the first argument" : `--${option}`}` },
  );
}
