import type { AddedTokenDocument } from "../byte-level/tokenizer-document.ts";
import { OTHER_WRITINGS } from "../tokenizer-files.ts";
import { parseJson } from "../tokenizer-json/parse-json.ts";

/**
 * The files beside a tokenizer.json after an edit: other writings of the same vocabulary are left out, as they are stale;
 * tokenizer_config.json lists added tokens under their new ids, and both it and special_tokens_map.json list new specials
 * where they list others.
 * @param newIdOf undefined for a token that is no more
 */
export function followFiles(
  files: ReadonlyMap<string, Uint8Array>,
  added: readonly AddedTokenDocument[],
  newIdOf: (id: number) => number | undefined,
): Map<string, Uint8Array> {
  const followed = new Map(files);
  for (const name of OTHER_WRITINGS) followed.delete(name);
  const specials = added.filter(({ special }) => special === true).map(({ content }) => content);
  const config = read(files, "tokenizer_config.json");
  if (config !== undefined) {
    const decoder = isObject(config.added_tokens_decoder)
      ? { added_tokens_decoder: followDecoder(config.added_tokens_decoder, added, newIdOf) }
      : {};
    write(followed, "tokenizer_config.json", {
      ...config,
      ...withSpecials(config, specials, true),
      ...decoder,
    });
  } else if (specials.length > 0)
    write(followed, "tokenizer_config.json", { additional_special_tokens: specials });
  const map = read(files, "special_tokens_map.json");
  if (map !== undefined) {
    write(followed, "special_tokens_map.json", { ...map, ...withSpecials(map, specials, false) });
  }
  return followed;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** The list that is in force: the reference library reads `additional_special_tokens` where the other is empty. */
function withSpecials(config: JsonObject, specials: readonly string[], mayCreate: boolean): JsonObject {
  const name = LISTS.find((list) => Array.isArray(config[list]) && config[list].length > 0) ?? LISTS[1];
  const old = config[name];
  const listed: readonly unknown[] = Array.isArray(old) ? old : [];
  const known = new Set(listed.map((entry) => (isObject(entry) ? entry.content : entry)));
  const unlisted = specials.filter((special) => !known.has(special));
  if (unlisted.length === 0 || !(mayCreate || Array.isArray(old))) return {};
  return { [name]: [...listed, ...unlisted] };
}

const LISTS = ["extra_special_tokens", "additional_special_tokens"] as const;

function followDecoder(
  decoder: JsonObject,
  added: readonly AddedTokenDocument[],
  newIdOf: (id: number) => number | undefined,
): JsonObject {
  const old = Object.entries(decoder).flatMap(([id, token]) => {
    const newId = newIdOf(Number(id));
    return newId === undefined ? [] : [[newId, token] as const];
  });
  return Object.fromEntries([...old, ...added.map(({ id, ...token }) => [id, token] as const)]);
}

function read(files: ReadonlyMap<string, Uint8Array>, name: string): JsonObject | undefined {
  const bytes = files.get(name);
  const value = bytes && parseJson(bytes, name);
  return isObject(value) ? value : undefined;
}

function write(files: Map<string, Uint8Array>, name: string, value: JsonObject): void {
  files.set(name, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
