import { readFile, stat } from "node:fs/promises";
import { quote, RevocabError } from "@revocab/core";
import { parseJson as parseForeignJson } from "@revocab/files";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** A config or an index beyond this size is no config: the index of a 1 T-parameter model has about 10 MB. */
const MAX_JSON_BYTES = 100e6;

/**
 * Reads a file that must hold one JSON object.
 * @throws RevocabError `missing_file`, or `code` when it is too large or no JSON object.
 */
export async function readJsonObject(
  path: string,
  code: "bad_config" | "bad_safetensors",
  hint: string,
): Promise<{ readonly json: JsonObject; readonly text: string }> {
  const size = await stat(path).then(
    (stats) => stats.size,
    (cause: unknown) => {
      throw new RevocabError("missing_file", `${path} does not exist or cannot be read`, { hint, cause });
    },
  );
  if (size > MAX_JSON_BYTES) {
    throw new RevocabError(code, `${path} has ${size} bytes; at most ${MAX_JSON_BYTES} were expected`, {
      hint,
    });
  }
  const text = await readFile(path, "utf8");
  const parsed = parseJson(text, path, code, hint);
  if (!isJsonObject(parsed)) {
    throw new RevocabError(code, `${path} holds ${describeJson(parsed)}; a JSON object was expected`, {
      hint,
    });
  }
  return { json: parsed, text };
}

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
