import type { SpecialRole, TokenId } from "@revocab/core";
import data from "./config-token-ids.json" with { type: "json" };
import type { JsonObject } from "./json.ts";

/**
 * What the value of a config key is:
 * - a role: the id of the token of that role
 * - `id`: an id, or a list or a map of ids
 * - `words`: a list of sequences of ids that must not be generated (`bad_words_ids`)
 * - `suppressed`: a list of ids that must not be generated
 * - `forced`: pairs of a position and an id
 * - `biases`: pairs of a sequence of ids and a number
 * - `keyed`: a map whose keys are ids
 * - `size`: the rows of a vocabulary table; `tokens`: the same without padding rows; `layerSize`: of the per-layer table
 * - `offset`: the first id of another vocabulary that is numbered after this one
 * - `other`: nothing of the text vocabulary, though its name looks like it (ids of codecs, layers, labels)
 */
export type KeyKind =
  | SpecialRole
  | "id"
  | "words"
  | "suppressed"
  | "forced"
  | "biases"
  | "keyed"
  | "size"
  | "tokens"
  | "layerSize"
  | "offset"
  | "other";

/** Made by tools/oracle/config-token-ids.py from all config classes of transformers 5.18. */
interface ModelTypeKeys {
  /** Keys that mean something else here than elsewhere. */
  readonly keys?: Readonly<Record<string, KeyKind>>;
  /** The key with the rows of the text table, where it is not `vocab_size`. */
  readonly sizeKey?: string;
  /** Other names of a key (`n_words` of `vocab_size`): a file may have either, and this one wins. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Ids in force where a config leaves the key out. */
  readonly defaults?: Readonly<Record<string, TokenId | readonly TokenId[]>>;
  /** Ids of roles that the library does not take null for. */
  readonly required?: readonly string[];
  /** Sizes in force where a config leaves the key out, other than that of the text table. */
  readonly defaultSizes?: Readonly<Record<string, number>>;
  /** The text table's size is in a part alone. */
  readonly hasNoSize?: boolean;
  /** The model types of parts that do not say it themselves. */
  readonly parts?: Readonly<Record<string, string>>;
  /** Parts with another vocabulary, or none. */
  readonly otherParts?: readonly string[];
  /** Every id and size here is of another vocabulary than the text's (codes of audio). */
  readonly otherVocabulary?: boolean;
}

const keys = data.keys as Readonly<Record<string, KeyKind>>;
const modelTypes = data.modelTypes as unknown as Readonly<Record<string, ModelTypeKeys>>;
const otherParts = new Set(data.otherParts);
/** Parts by their names in configs of unknown types: no text model has such a name. */
const OTHER_PART_NAMES = /^(vision|visual|image|audio|speech|codec|vq|quantization)_?\w*$/;
const SIZE_KEYS = Object.keys(keys).filter((key) => keys[key] === "size");
const LOOKS_LIKE_ID = /(^|_)(id|ids|index|indices)$/;
const LOOKS_LIKE_SIZE = /vocab|n_words|num_embeddings/;

/** Undefined for a key that no config of the reference library has. */
export function kindOfKey(modelType: string | undefined, key: string): KeyKind | undefined {
  const known = entryOf(modelType).keys;
  if (known !== undefined && Object.hasOwn(known, key)) return known[key];
  return Object.hasOwn(keys, key) ? keys[key] : undefined;
}

/** What the name of an unknown key says of it. */
export function looksLike(key: string): "token id" | "id" | "size" | undefined {
  if (/_token_(id|ids|index|indices)$/.test(key)) return "token id";
  if (LOOKS_LIKE_ID.test(key)) return "id";
  return LOOKS_LIKE_SIZE.test(key) ? "size" : undefined;
}

/** True for a part of a config that describes pictures, sounds and the like: its ids belong to other vocabularies. */
export function isOtherPart(
  modelType: string | undefined,
  key: string,
  partType: string | undefined,
): boolean {
  const { otherParts: own = [], parts = {} } = entryOf(modelType);
  if (own.includes(key) || entryOf(partType).otherVocabulary === true) return true;
  if (Object.hasOwn(parts, key)) return false;
  return otherParts.has(key) || OTHER_PART_NAMES.test(key);
}

/** The model type of a part: what it says itself, or what the library takes. */
export function typeOfPart(modelType: string | undefined, key: string, part: JsonObject): string | undefined {
  return typeof part.model_type === "string" ? part.model_type : entryOf(modelType).parts?.[key];
}

export function hasOtherVocabulary(modelType: string | undefined): boolean {
  return entryOf(modelType).otherVocabulary === true;
}

/** False for the id of a role that must be a token: the library refuses a config with null there. */
export function mayBeNull(modelType: string | undefined, key: string): boolean {
  const { required = [], aliases = {} } = entryOf(modelType);
  return !required.includes(aliases[key] ?? key);
}

/** Ids that the library uses where a config does not give them. */
export function defaultIdsOf(
  modelType: string | undefined,
): readonly (readonly [string, TokenId | readonly TokenId[]])[] {
  return Object.entries(entryOf(modelType).defaults ?? {});
}

/** The name under which a config has a key, an alias before the key itself: that is the library's order, too. */
export function nameIn(scope: JsonObject, modelType: string | undefined, key: string): string | undefined {
  const aliases = entryOf(modelType).aliases ?? {};
  const names = Object.keys(aliases).filter((alias) => aliases[alias] === key);
  return [...names, key].find((name) => scope[name] !== undefined);
}

/** The key that has the rows of the text table, under the name that the config gives it. */
export function sizeKeyIn(scope: JsonObject): string | undefined {
  const modelType = typeof scope.model_type === "string" ? scope.model_type : undefined;
  const { sizeKey } = entryOf(modelType);
  const name = nameIn(scope, modelType, sizeKey ?? "vocab_size");
  if (name !== undefined || (modelType !== undefined && Object.hasOwn(modelTypes, modelType))) return name;
  // a config whose type the library does not know may use any of the names
  return SIZE_KEYS.find((key) => scope[key] !== undefined);
}

/** The key for the rows of the text table; undefined for a type that has it in a part alone. */
export function sizeKeyOf(modelType: string | undefined): string | undefined {
  const { sizeKey = "vocab_size", hasNoSize = false } = entryOf(modelType);
  return hasNoSize ? undefined : sizeKey;
}

export function defaultSizesOf(modelType: string | undefined): readonly (readonly [string, number])[] {
  return Object.entries(entryOf(modelType).defaultSizes ?? {});
}

/** Parts with a text model that the library makes up where a config has them not, and their types. */
export function textPartsOf(modelType: string | undefined): readonly (readonly [string, string])[] {
  return Object.entries(entryOf(modelType).parts ?? {}).filter(
    ([key, type]) => !isOtherPart(modelType, key, type),
  );
}

function entryOf(modelType: string | undefined): ModelTypeKeys {
  return modelType !== undefined && Object.hasOwn(modelTypes, modelType) ? modelTypes[modelType]! : {};
}
