import { isSpecialsApart, METHODS, mean } from "@revocab/embedding-init";
import { editWords, quotedWord } from "./edit-words.ts";
import { NO_WORD } from "./no-word.ts";
import type { SwapReport } from "./report.ts";

/**
 * The command that makes the same model again, on two lines; undefined where a name or an option cannot be written as
 * one, or code asked for what the command line cannot. Folders and texts are written as `./NAME`.
 */
export function reproducingCommand({ recipe, inputs, chatTemplate }: SwapReport): string | undefined {
  const model = nameOf(inputs.source);
  const asked =
    recipe.edit === undefined
      ? ["revocab", "swap", model, "--tokenizer", nameOf(inputs.target), ...methodWords(recipe)]
      : editWords(recipe.edit, model, recipe, methodWords(recipe));
  const template = chatTemplate.file === undefined ? chatTemplate.from : `./${chatTemplate.file.name}`;
  const words = [...asked, "--chat-template", template, "--out", "./out"];
  if (!words.every((word) => PLAIN.test(word) || QUOTED.test(word))) return undefined;
  const split = words.findIndex((word) => word === "--method" || word === "--chat-template");
  return `${words.slice(0, split).join(" ")} \\\n  ${words.slice(split).join(" ")}`;
}

const PLAIN = /^[\w./@=+:,-]+$/;
const QUOTED = /^'[^\p{C}'`]+'$/u;

function methodWords({
  methods: all,
  seed,
  untie,
  role,
  padToMultipleOf,
  specialTokens,
  rows,
  specials = [],
  eos,
  edit,
}: SwapReport["recipe"]): readonly string[] {
  const methods = all.filter((method) => !isSpecialsApart(method));
  const copying = methods.findIndex(
    ({ name, options }) => name === COPY && Object.keys(options).length === 0,
  );
  const [method, fallback, ...rest] = methods.filter((_, place) => place !== copying);
  if (method === undefined || fallback === undefined || copying > 1) return [NO_WORD];
  if (rest.length > 1 || (rest.length === 1 && !isLastResort(rest[0], fallback))) return [NO_WORD];
  return [
    ["--method", method.name, ...optionsOf("--with", method.options)],
    ["--fallback", fallback.name, ...optionsOf("--fallback-with", fallback.options)],
    copyWords(copying, edit !== undefined),
    ["--seed", String(seed)],
    untie ? ["--untie"] : [],
    role === null ? [] : ["--role", role],
    padToMultipleOf === null ? [] : ["--pad-to-multiple-of", String(padToMultipleOf)],
    edit === undefined && specialTokens === "target" ? ["--special-tokens", "target"] : [],
    rows === null ? [] : ["--rows", String(rows)],
    specials.length === 0 ? [] : ["--special", ...specials.map(quotedWord)],
    eos === undefined || edit !== undefined ? [] : ["--eos", quotedWord(eos)],
  ].flat();
}

const COPY = "copy-overlap";

type RecipeMethod = SwapReport["recipe"]["methods"][number];

/** A plan adds the mean behind a fallback that does not cover all tokens, without being told. */
function isLastResort({ name, options }: RecipeMethod, fallback: RecipeMethod): boolean {
  const isComplete = Object.hasOwn(METHODS, fallback.name) && METHODS[fallback.name]?.coversAll === true;
  return name === mean().name && Object.keys(options).length === 0 && !isComplete;
}

/**
 * A swap copies first where that is said, an edit where nothing is. Copies after the method are what a swap by such a
 * method makes by itself, and an edit where it is not to copy first.
 */
function copyWords(place: number, isEdit: boolean): readonly string[] {
  if (place < 0) return [isEdit ? NO_WORD : "--no-copy"];
  if (isEdit) return place === 0 ? [] : ["--no-copy"];
  return place === 0 ? ["--copy"] : [];
}

function nameOf({ name, revision }: { name: string; revision: string | null }): string {
  return revision === null ? `./${name}` : `${name}@${revision}`;
}

function optionsOf(flag: string, options: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(options).flatMap(([key, value]) =>
    value === null || value === undefined
      ? []
      : [flag, typeof value === "object" ? NO_WORD : `${key}=${String(value)}`],
  );
}
