import type { SpecialRole, TokenId } from "@revocab/core";
import { type Architecture, architectureOf } from "./architectures.ts";
import { checkPadPositions } from "./check-pad-positions.ts";
import { findTextPath } from "./config-facts.ts";
import { followTokenIds, isTokenIdKey, type TokenIdMap } from "./follow-token-ids.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";

/** One value of a config that the new vocabulary has changed. */
export interface ConfigChange {
  /** Keys from the outside in, joined by dots: `text_config.eos_token_id`. */
  readonly path: string;
  readonly keys: readonly string[];
  /** Undefined for a key that the config did not have. */
  readonly from: JsonValue | undefined;
  readonly to: JsonValue;
  readonly reason: string;
}

/** A value of a config that names tokens for which the new vocabulary has no counterpart; it was left as it is. */
export interface UnmappedValue {
  readonly path: string;
  readonly value: JsonValue;
  /** The old ids without a counterpart. */
  readonly ids: readonly TokenId[];
}

export interface FollowVocabularyOptions {
  /** config.json or generation_config.json of the source model. */
  readonly json: JsonObject;
  /** Rows of the source model's tables, and of the new model's. */
  readonly sourceRows: number;
  readonly rows: number;
  readonly tokenIds: TokenIdMap;
  /** Values to set whatever the vocabularies say, by path or by last key: `{ image_token_id: 7 }`. */
  readonly overrides?: Readonly<Record<string, JsonValue>>;
  /** The new model has a head of its own. @default false */
  readonly untie?: boolean;
}

export interface FollowedVocabulary {
  readonly json: JsonObject;
  readonly changes: readonly ConfigChange[];
  /** What the caller must decide: give overrides, or refuse. */
  readonly unmapped: readonly UnmappedValue[];
  /** The overrides that found their key here. */
  readonly usedOverrides: readonly string[];
}

interface Walk extends Required<FollowVocabularyOptions> {
  readonly changes: ConfigChange[];
  readonly unmapped: UnmappedValue[];
  readonly usedOverrides: Set<string>;
}

const SIZE_KEYS = /^(vocab_size|n_vocab|padded_vocab_size|text_vocab_size|decoder_vocab_size)$/;
/** Parts that describe no text model; the token ids in them, where there are any, belong to another vocabulary. */
const OTHER_PARTS = /^(vision|audio|speech|visual|vq|quantization)_?\w*$/;

/**
 * A model's config for its new vocabulary: sizes, token ids in every nested config, and tying; all else, unknown keys
 * and the order of keys included, stays. To write it, give `changes` to `editJson` with the text of the file: numbers that
 * did not change must stay as they are written.
 *
 * - Ids of a role (`eos_token_id`, …) follow the role, then the old id; without a counterpart they become null.
 * - Other ids (`image_token_id`, `decoder_start_token_id`, …) follow the old id; without a counterpart they are left
 *   and listed in `unmapped`.
 * - bos, eos and pad that the config leaves out, so that the library would use its defaults, are written out.
 * @throws RevocabError `token_id_unmapped` when position embeddings are numbered from the pad id and it would change.
 */
export function followVocabulary(options: FollowVocabularyOptions): FollowedVocabulary {
  const walk: Walk = {
    overrides: {},
    untie: false,
    ...options,
    changes: [],
    unmapped: [],
    usedOverrides: new Set(),
  };
  const { json } = options;
  const textPath = findTextPath(json);
  const isConfig = typeof json.model_type === "string";
  const followed = followObject(json, [], walk, isConfig ? textPath : undefined) as JsonObject;
  if (isConfig) checkPadPositions(json, followed, textPath);
  return {
    json: followed,
    changes: walk.changes,
    unmapped: walk.unmapped,
    usedOverrides: [...walk.usedOverrides],
  };
}

function followObject(
  scope: JsonObject,
  path: readonly string[],
  walk: Walk,
  textPath: readonly string[] | undefined,
): JsonObject {
  const entries = Object.entries(scope).map(([key, value]) => [
    key,
    followValue(scope, key, value!, path, walk, textPath),
  ]);
  const isText = textPath !== undefined && path.join() === textPath.join();
  if (isText) entries.push(...missingKeys(scope, path, walk));
  if (
    walk.untie &&
    (isText || (textPath !== undefined && path.length === 0)) &&
    !("tie_word_embeddings" in scope)
  ) {
    record(walk, path, "tie_word_embeddings", undefined, false, "the head has rows of its own");
    entries.push(["tie_word_embeddings", false]);
  }
  return Object.fromEntries(entries);
}

function followValue(
  scope: JsonObject,
  key: string,
  value: JsonValue,
  path: readonly string[],
  walk: Walk,
  textPath: readonly string[] | undefined,
): JsonValue {
  const override = findOverride(walk, path, key);
  if (override !== undefined) return record(walk, path, key, value, override, "given by the user");
  if (SIZE_KEYS.test(key) && value === walk.sourceRows) {
    return record(walk, path, key, value, walk.rows, "the new number of rows");
  }
  if (key === "vocab_size_per_layer_input" && typeof value === "number") {
    return record(walk, path, key, value, walk.rows, "every token has per-layer rows");
  }
  if (key === "vocab_offset" && typeof value === "number") {
    walk.unmapped.push({ path: [...path, key].join("."), value, ids: [value] });
    return value;
  }
  if (key === "tie_word_embeddings" && walk.untie && value !== false) {
    return record(walk, path, key, value, false, "the head has rows of its own");
  }
  if (isTokenIdKey(key)) {
    const { to, reason, missing } = followTokenIds(scope, key, value, walk.tokenIds);
    if (missing.length > 0) walk.unmapped.push({ path: [...path, key].join("."), value, ids: missing });
    return record(walk, path, key, value, to, reason);
  }
  if (isJsonObject(value)) {
    return OTHER_PARTS.test(key)
      ? followOtherPart(value, [...path, key], walk)
      : followObject(value, [...path, key], walk, textPath);
  }
  return value;
}

/** Of a part that describes no text model, offsets into the text vocabulary alone are looked at (Gemma3n). */
function followOtherPart(part: JsonObject, path: readonly string[], walk: Walk): JsonObject {
  if (typeof part.vocab_offset !== "number") return part;
  const vocab_offset = followValue(part, "vocab_offset", part.vocab_offset, path, walk, undefined);
  return { ...part, vocab_offset };
}

/** Keys that a sparse config leaves to the library's defaults, which hold for the old vocabulary alone. */
function missingKeys(scope: JsonObject, path: readonly string[], walk: Walk): [string, JsonValue][] {
  const added: [string, JsonValue][] = [];
  if (scope.vocab_size === undefined) {
    added.push([
      "vocab_size",
      record(walk, path, "vocab_size", undefined, walk.rows, "the new number of rows"),
    ]);
  }
  const { defaultIds }: Architecture = architectureOf(String(scope.model_type));
  for (const [role, id] of Object.entries(defaultIds) as [SpecialRole, number][]) {
    const key = `${role}_token_id`;
    if (scope[key] !== undefined) continue;
    const override = findOverride(walk, path, key);
    const { to } = followTokenIds({ [key]: id }, key, id, walk.tokenIds);
    const reason =
      override === undefined
        ? `the library's default, ${id}, holds for the old vocabulary`
        : "given by the user";
    added.push([key, record(walk, path, key, undefined, override ?? to, reason)]);
  }
  return added;
}

function findOverride(walk: Walk, path: readonly string[], key: string): JsonValue | undefined {
  for (const name of [[...path, key].join("."), key]) {
    if (!Object.hasOwn(walk.overrides, name)) continue;
    walk.usedOverrides.add(name);
    return walk.overrides[name];
  }
  return undefined;
}

function record(
  walk: Walk,
  path: readonly string[],
  key: string,
  from: JsonValue | undefined,
  to: JsonValue,
  reason: string,
): JsonValue {
  if (JSON.stringify(from) !== JSON.stringify(to)) {
    walk.changes.push({ path: [...path, key].join("."), keys: [...path, key], from, to, reason });
  }
  return to;
}
