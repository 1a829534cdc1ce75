import { join } from "node:path";
import { quote, RevocabError, showText } from "@revocab/core";
import { type InputFolder, parseJson as parseForeignJson } from "@revocab/files";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** A config or an index beyond this size is no config: the index of a 1 T-parameter model has about 10 MB. */
export const MAX_JSON_BYTES = 100e6;

/**
 * Reads a file of a folder that must hold one JSON object.
 * @throws RevocabError `missing_file`, `bad_file`; `code` when it is no JSON object
 */
export async function readJsonObject(
  folder: InputFolder,
  name: string,
  code: "bad_config" | "bad_safetensors",
  hint: string,
): Promise<{ readonly json: JsonObject; readonly text: string }> {
  const text = (await folder.read(name, { most: MAX_JSON_BYTES, hint })).toString("utf8");
  const path = showText(join(folder.path, name));
  const parsed = parseJson(text, path, code, hint);
  if (isJsonObject(parsed)) return { json: parsed, text };
  throw new RevocabError(code, `${path} holds ${describeJson(parsed)}; a JSON object was expected`, { hint });
}

/** True for an object of JSON: neither an array nor null. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON as the transformers library writes it: two spaces, the keys in their order, a newline at the end. */
export function formatJson(value: JsonObject): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** @throws RevocabError `code` for a text that is no JSON or nested too deep */
export function parseJson(
  text: string,
  origin: string,
  code: "bad_config" | "bad_safetensors",
  hint: string,
) {
  return parseForeignJson(text, { origin, code, hint }) as JsonValue;
}

export function describeJson(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `${typeof value} ${quote(value)}`;
}
