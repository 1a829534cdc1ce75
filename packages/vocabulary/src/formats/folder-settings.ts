import { quote } from "@revocab/core";
import type { ComponentTable, Rebuild } from "../reference/class-table.ts";
import { ROLE_NAMES } from "../reference/declared-tokens.ts";
import { badTokenizer, isObject, type JsonObject, jsonObject } from "../tokenizer-json/json-file.ts";

/** The settings in the files beside a vocabulary. */
export interface FolderSettings {
  /** tokenizer_config.json; empty if missing. */
  readonly config: JsonObject;
  /** config.json of the model; empty if missing. */
  readonly modelConfig: JsonObject;
  readonly specialTokensMap: JsonObject | undefined;
  readonly addedTokens: JsonObject | undefined;
}

/**
 * @param placeOf the path of a file, for messages
 * @throws RevocabError `bad_tokenizer` for a file that is no JSON object
 */
export function folderSettings(
  files: ReadonlyMap<string, Uint8Array>,
  placeOf: (name: string) => string,
): FolderSettings {
  const read = (name: string): JsonObject | undefined => {
    const bytes = files.get(name);
    return bytes === undefined ? undefined : jsonObject(bytes, placeOf(name));
  };
  return {
    config: read("tokenizer_config.json") ?? {},
    modelConfig: read("config.json") ?? {},
    specialTokensMap: read("special_tokens_map.json"),
    addedTokens: read("added_tokens.json"),
  };
}

/** A tokenizer that was converted from another format to the files of a model folder. */
export interface FoundFormat {
  readonly tokenizerJson: string;
  readonly tokenizerConfig: Readonly<Record<string, unknown>>;
  /** What a user should know about the conversion, in sentences. */
  readonly differences: readonly string[];
  /** The names of the converted files. */
  readonly reads: readonly string[];
}

/** The hint for a vocabulary that cannot be read without its class. */
export const SAVE_AGAIN =
  "give a folder with tokenizer.json: AutoTokenizer.from_pretrained(folder).save_pretrained(folder) in Python writes it";

/**
 * Checks the types of the settings that a class reads: tokens have a content, ids are whole numbers, switches are booleans.
 * @param place of tokenizer_config.json, for messages
 * @throws RevocabError `bad_tokenizer`
 */
export function checkDeclared(settings: FolderSettings, rebuild: Rebuild | undefined, place: string): void {
  const { config, specialTokensMap = {} } = settings;
  for (const { content, id } of numbersOf(settings, place)) {
    if (Number.isSafeInteger(id) && id >= 0) continue;
    throw badTokenizer(place, `the added token ${quote(content)} has no whole number as id`);
  }
  for (const object of [config, specialTokensMap]) {
    for (const role of ROLE_NAMES) if (object[role] !== undefined) requireToken(object[role], place);
    for (const list of [object.extra_special_tokens, object.additional_special_tokens]) {
      for (const token of Array.isArray(list) ? list : []) requireToken(token, place);
    }
  }
  const tables = rebuild === undefined ? [] : tablesOf(rebuild);
  for (const table of tables) {
    for (const [name, standard] of "by" in table ? Object.entries(table.defaults) : []) {
      const value = config[name];
      if (typeof standard !== "boolean" || typeof (value ?? true) === "boolean") continue;
      throw badTokenizer(place, `${name} is ${quote(value)}, expected true or false`);
    }
  }
}

/** A sentence for each token with another id than a file gives it. */
export function numberNotes(
  settings: FolderSettings,
  added: readonly { readonly id: number; readonly content: string }[],
): string[] {
  const idOf = new Map(added.map(({ content, id }) => [content, id]));
  return numbersOf(settings, "").flatMap(({ content, id }) => {
    const inUse = idOf.get(content);
    return inUse === undefined || inUse === id
      ? []
      : [`a file numbers the added token ${quote(content)} ${id}; the reference library numbers it ${inUse}`];
  });
}

/** The ids in `added_tokens_decoder` or, without it, in added_tokens.json. */
function numbersOf(
  { config, addedTokens = {} }: FolderSettings,
  place: string,
): { readonly content: string; readonly id: number }[] {
  const { added_tokens_decoder: decoder } = config;
  if (decoder === undefined) {
    return Object.entries(addedTokens).map(([content, id]) => ({ content, id: Number(id) }));
  }
  if (!isObject(decoder)) {
    throw badTokenizer(place, "added_tokens_decoder is no object, expected ids with their tokens");
  }
  return Object.entries(decoder).map(([id, token]) => ({
    content: requireToken(token, place)!,
    id: Number(id),
  }));
}

function requireToken(value: unknown, place: string): string | undefined {
  if (value === null || typeof value === "string") return value ?? undefined;
  if (isObject(value) && typeof value.content === "string") return value.content;
  throw badTokenizer(
    place,
    `found ${quote(value)} for a special token, expected a string or an object with content`,
  );
}

function tablesOf({
  modelOptions,
  normalizer,
  preTokenizer,
  decoder,
  postProcessor,
}: Rebuild): ComponentTable[] {
  const { given, missing = given } = postProcessor;
  return [modelOptions, normalizer, preTokenizer, decoder, missing];
}
