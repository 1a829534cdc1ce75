import type { AddedTokenDocument } from "../byte-level/tokenizer-document.ts";
import { OTHER_WRITINGS } from "../tokenizer-files.ts";
import { parseJson } from "../tokenizer-json/parse-json.ts";
import { openTokenizerJson } from "../tokenizer-json/parse-tokenizer-json.ts";

/**
 * The files beside a tokenizer.json after an edit. Other writings of the same vocabulary are left out, as they are stale;
 * tokenizer_config.json numbers added tokens by the ids they have now, and both it and special_tokens_map.json list new
 * specials where they list others. All other keys stay, the class among them.
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
    const decoder =
      "added_tokens_decoder" in config
        ? { added_tokens_decoder: numberedTokens(files.get("tokenizer.json")!, added, newIdOf) }
        : {};
    write(followed, "tokenizer_config.json", { ...config, ...withSpecials(config, specials), ...decoder });
  }
  const map = read(files, "special_tokens_map.json");
  if (map !== undefined) {
    write(followed, "special_tokens_map.json", { ...map, ...withSpecials(map, specials) });
  }
  return followed;
}

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Behind the others, in the list that is in force: the library reads `additional_special_tokens` where the other is empty. A
 * list is begun for the plain class alone: it would replace the further specials of another.
 */
function withSpecials(config: JsonObject, specials: readonly string[]): JsonObject {
  const isList = (name: string) => Array.isArray(config[name]);
  const filled = LISTS.find((list) => isList(list) && (config[list] as readonly unknown[]).length > 0);
  const begun = PLAIN_NAMES.has(config.tokenizer_class) ? LISTS[1] : undefined;
  const name = filled ?? LISTS.find(isList) ?? begun;
  if (name === undefined) return {};
  const old = config[name];
  const listed: readonly unknown[] = Array.isArray(old) ? old : [];
  const known = new Set(listed.map((entry) => (isObject(entry) ? entry.content : entry)));
  const unlisted = specials.filter((special) => !known.has(special));
  return unlisted.length === 0 ? {} : { [name]: [...listed, ...unlisted] };
}

const PLAIN_NAMES: ReadonlySet<unknown> = new Set(["PreTrainedTokenizerFast", "TokenizersBackend"]);

const LISTS = ["extra_special_tokens", "additional_special_tokens"] as const;

/** All added tokens in force, by their new ids: the order of the ids is that in which the library adds them. */
function numberedTokens(
  tokenizerJson: Uint8Array,
  added: readonly AddedTokenDocument[],
  newIdOf: (id: number) => number | undefined,
): JsonObject {
  const { data } = openTokenizerJson(tokenizerJson, "tokenizer.json");
  const kept = (data.added_tokens ?? []).flatMap(({ id, ...token }) => {
    const newId = newIdOf(id);
    return newId === undefined ? [] : [[newId, token] as const];
  });
  return Object.fromEntries([...kept, ...added.map(({ id, ...token }) => [id, token] as const)]);
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
