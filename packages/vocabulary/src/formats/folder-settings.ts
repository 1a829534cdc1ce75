import { badTokenizer } from "../tokenizer-json/bad-tokenizer.ts";
import { parseJson } from "../tokenizer-json/parse-json.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** What the files beside a vocabulary say of it. */
export interface FolderSettings {
  /** tokenizer_config.json; empty where there is none. */
  readonly config: JsonObject;
  /** config.json of the model; empty where there is none. */
  readonly modelConfig: JsonObject;
  readonly specialTokensMap: JsonObject | undefined;
  readonly addedTokens: JsonObject | undefined;
}

/**
 * @param placeOf where a file is, for messages
 * @throws RevocabError `bad_tokenizer`: a file that is no JSON object
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

/** @throws RevocabError `bad_tokenizer`: no JSON, or JSON of another kind */
export function jsonObject(bytes: Uint8Array, place: string): JsonObject {
  const value = parseJson(bytes, place);
  if (!isObject(value)) throw badTokenizer(place, "found no JSON object, expected one");
  return value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
