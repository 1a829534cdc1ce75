import { RevocabError } from "@revocab/core";
import { type Tokenizer, tokenizerFromFiles } from "@revocab/vocabulary";
import {
  type AddedTokenDocument,
  encodeSettings,
  isObject,
  type JsonObject,
  OTHER_VOCABULARY_FILES,
  openTokenizerJson,
  parseJson,
  parseTokenizerJson,
  type TokenizerDocument,
  type TokenizerParts,
  takeApart,
} from "@revocab/vocabulary/internal";
import type { NewAddedToken } from "./new-entries.ts";

/**
 * A tokenizer taken apart to be edited. An edit keeps the tokenizer's class, so what the class does must be known.
 * @throws RevocabError `unsupported_tokenizer`
 */
export function openForEditing(tokenizer: Tokenizer): TokenizerParts {
  const { origin, reference } = tokenizer;
  if (reference.isInForce) return takeApart(tokenizer);
  throw new RevocabError("unsupported_tokenizer", `${origin} cannot be edited: ${reference.reason}`, {
    hint: "edits keep the class; give the model a tokenizer of its own with `swapTokenizer` instead",
  });
}

/**
 * Opens the files of an edit with the class of the source.
 * @param document the new tokenizer.json, if the edit changes it
 * @throws RevocabError `unsupported_tokenizer` if that class would open them as anything else than what is written
 */
export function editedTokenizer(
  source: Tokenizer,
  {
    files,
    document,
    origin = source.origin,
  }: {
    readonly files: ReadonlyMap<string, Uint8Array>;
    readonly document?: TokenizerDocument;
    readonly origin?: string;
  },
): Tokenizer {
  const written = document && new TextEncoder().encode(JSON.stringify(document));
  // The library numbers added tokens beyond the vocabulary by itself; parsing moves those with other ids into the vocabulary.
  const { bytes } = parseTokenizerJson(written ?? files.get("tokenizer.json")!, origin);
  const { className } = source.reference;
  const edited = tokenizerFromFiles(new Map(files).set("tokenizer.json", bytes), origin, { className });
  const { isInForce, differences, reason } = edited.reference;
  if (isInForce && differences.length === 0) return edited;
  throw new RevocabError(
    "unsupported_tokenizer",
    `${source.origin} cannot be edited in this way: the library would not open what was edited as it was written (${[...differences, reason ?? []].flat().join("; ")})`,
    {
      hint: `publish it as a plain tokenizer: set tokenizer_class to PreTrainedTokenizerFast instead of ${className}`,
    },
  );
}

/**
 * An added token as an entry of tokenizer.json.
 * @param old the present entry of that id, whose settings are the defaults
 */
export function addedTokenDocument(
  token: NewAddedToken,
  id: number,
  old: Partial<AddedTokenDocument> = {},
): AddedTokenDocument {
  const { content, special = true } = token;
  return {
    id,
    content,
    single_word: token.singleWord ?? old.single_word ?? false,
    lstrip: token.lstrip ?? old.lstrip ?? false,
    rstrip: token.rstrip ?? old.rstrip ?? false,
    normalized: token.normalized ?? !special,
    special,
  };
}

/**
 * The files beside a tokenizer.json after an edit. Files that hold the same vocabulary in another format are stale and left
 * out. tokenizer_config.json gets the new ids of the added tokens; both it and special_tokens_map.json get the new specials
 * in the list where they have others. All other keys stay, the class among them.
 * @param newIdOf undefined for a removed token
 */
export function followFiles(
  files: ReadonlyMap<string, Uint8Array>,
  added: readonly AddedTokenDocument[],
  newIdOf: (id: number) => number | undefined,
): Map<string, Uint8Array> {
  const followed = new Map(files);
  for (const name of OTHER_VOCABULARY_FILES) followed.delete(name);
  const specials = added.filter(({ special }) => special === true).map(({ content }) => content);
  const config = read(files, "tokenizer_config.json");
  if (config !== undefined) {
    const decoder =
      "added_tokens_decoder" in config
        ? { added_tokens_decoder: numberedTokens(files.get("tokenizer.json")!, added, newIdOf) }
        : {};
    followed.set(
      "tokenizer_config.json",
      encodeSettings({ ...config, ...withSpecials(config, specials), ...decoder }),
    );
  }
  const map = read(files, "special_tokens_map.json");
  if (map !== undefined) {
    followed.set("special_tokens_map.json", encodeSettings({ ...map, ...withSpecials(map, specials) }));
  }
  return followed;
}

/**
 * The list of specials with the new ones appended. The library reads `additional_special_tokens` only where
 * `extra_special_tokens` is empty. Without any list, one is begun for the plain class alone: in another class it would
 * replace the specials that the class adds by itself.
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

/** `added_tokens_decoder`: all added tokens by their new ids. The library adds them in the order of these ids. */
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
