import { showText, type TokenId } from "@revocab/core";
import { checkPadPositions } from "./check-pad-positions.ts";
import { findTextPath } from "./config-facts.ts";
import {
  hasOtherVocabulary,
  isOtherPart,
  type KeyKind,
  kindOfKey,
  looksLike,
  mayBeNull,
  typeOfPart,
} from "./config-keys.ts";
import {
  type ConfigChange,
  type FollowVocabularyOptions,
  findOverride,
  isGeneration,
  KEEP,
  leave,
  type Place,
  record,
  type UnmappedValue,
  type Walk,
} from "./config-walk.ts";
import {
  type FollowedIds,
  followTokenIds,
  GIVEN,
  giveRole,
  idsIn,
  isRole,
  type TokenIdKind,
} from "./follow-token-ids.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";
import { missingKeys } from "./missing-keys.ts";

export interface FollowedVocabulary {
  readonly json: JsonObject;
  readonly changes: readonly ConfigChange[];
  /** What the caller must decide: give overrides, or refuse. */
  readonly unmapped: readonly UnmappedValue[];
  /** What a user should hear of, in plain words. */
  readonly notes: readonly string[];
  /** The overrides that found their key here. */
  readonly usedOverrides: readonly string[];
}

/**
 * A model's config for its new vocabulary: sizes, token ids in every nested config, and tying; all else, unknown keys
 * and the order of keys included, stays. To write it, give `changes` to `editJson` with the text of the file: numbers that
 * did not change must stay as they are written. What a key is comes from `config-token-ids.json`.
 *
 * - Ids of a role (`eos_token_id`, `pad_index`, …) follow the role, then the old id; without a counterpart they become
 *   null. Where the new vocabulary is an edit (`tokenIds.isExact`) they follow the old id alone, like all others.
 * - Other ids (`image_token_id`, `decoder_start_token_id`, …) follow the old id; without a counterpart they are left
 *   and listed in `unmapped`. From lists of what shall not be written they are dropped, and that is noted.
 * - Ids that the config leaves out, so that the library would use its defaults, are written out where these change.
 * - Keys that nobody knows are listed in `unmapped` where they look like a token id or a size that would change.
 * @throws RevocabError `token_id_unmapped` when position embeddings depend on the pad id and it would change.
 */
export function followVocabulary(options: FollowVocabularyOptions): FollowedVocabulary {
  const { json } = options;
  const isConfig = typeof json.model_type === "string";
  const modelType = isConfig ? (json.model_type as string) : options.modelType;
  const walk: Walk = {
    ...options,
    changes: [],
    unmapped: [],
    notes: [],
    usedOverrides: new Set(),
    rolesInPlace: new Set(),
    textPath: isConfig ? findTextPath(json).join(".") : undefined,
  };
  const followed = followObject({ scope: json, path: [], modelType }, walk);
  if (isConfig) walk.notes.push(...checkPadPositions(json, followed));
  return {
    json: followed,
    changes: walk.changes,
    unmapped: walk.unmapped,
    notes: walk.notes,
    usedOverrides: [...walk.usedOverrides],
  };
}

function followObject(place: Place, walk: Walk): JsonObject {
  const { scope, path } = place;
  if (hasOtherVocabulary(place.modelType)) return scope;
  const entries = Object.entries(scope).map(([key, value]): [string, JsonValue] => [
    key,
    followValue(place, key, value!, walk),
  ]);
  const isText = path.join(".") === walk.textPath;
  entries.push(...missingKeys(place, walk, isText));
  if (
    walk.untie &&
    (isText || (walk.textPath !== undefined && path.length === 0)) &&
    !("tie_word_embeddings" in scope)
  ) {
    record(walk, path, "tie_word_embeddings", undefined, false, "the head has rows of its own");
    entries.push(["tie_word_embeddings", false]);
  }
  return Object.fromEntries(entries);
}

function followValue(place: Place, key: string, value: JsonValue, walk: Walk): JsonValue {
  const { scope, path, modelType } = place;
  const isIdByName = walk.idsByName && looksLike(key) === "token id";
  const kind = kindOfKey(modelType, key) ?? (isIdByName ? "id" : undefined);
  if (kind !== undefined && isRole(kind)) walk.rolesInPlace.add(kind);
  const override = findOverride(walk, path, key);
  if (override === KEEP) return value;
  if (override !== undefined) return record(walk, path, key, value, override, GIVEN);
  if (key === "tie_word_embeddings" && walk.untie && value !== false) {
    return record(walk, path, key, value, false, "the head has rows of its own");
  }
  if (kind !== undefined) return followKnown(place, key, kind, value, walk);
  if (isJsonObject(value)) {
    const partType = typeOfPart(modelType, key, value);
    const part = { scope: value, path: [...path, key], modelType: partType };
    return isOtherPart(modelType, key, partType) ? followOtherPart(part, walk) : followObject(part, walk);
  }
  askAboutUnknown(scope, path, key, value, walk);
  return value;
}

function followKnown(place: Place, key: string, kind: KeyKind, value: JsonValue, walk: Walk): JsonValue {
  const { path } = place;
  switch (kind) {
    case "other":
      return value;
    case "size":
      return followSize(path, key, value, walk);
    case "layerSize":
      return typeof value === "number"
        ? record(walk, path, key, value, walk.rows, "every token has per-layer rows")
        : value;
    case "tokens":
      return followTokenCount(path, key, value, walk);
    case "offset":
      if (typeof value === "number") leave(walk, path, key, value, [value]);
      return value;
    default:
      return followIds(place, key, kind as TokenIdKind, value, walk);
  }
}

function followIds(
  { scope, path, modelType }: Place,
  key: string,
  kind: TokenIdKind,
  value: JsonValue,
  walk: Walk,
): JsonValue {
  const answered = isJsonObject(value) ? withAnswers(value, [...path, key], walk) : undefined;
  const { to, reason, missing, dropped } =
    followGiven(kind, value, walk) ??
    followTokenIds(kind, answered === undefined ? value : answered.open, scope, walk.tokenIds);
  if (missing.length > 0) leave(walk, path, key, value, missing);
  if (to === null && value !== null && !mayBeNull(modelType, key)) {
    leave(walk, path, key, value, idsIn(value));
    return value;
  }
  if (dropped.length > 0) {
    const where = [...path, key].join(".");
    walk.notes.push(
      `${where}: ${dropped.length === 1 ? "the token" : "the tokens"} ${listed(dropped)} no longer ` +
        `${dropped.length === 1 ? "exists" : "exist"}; what it said of ${dropped.length === 1 ? "it" : "them"} was dropped`,
    );
  }
  const whole =
    answered === undefined || Object.keys(answered.given).length === 0
      ? to
      : inOrderOf(value as JsonObject, { ...(to as JsonObject), ...answered.given });
  return record(walk, path, key, value, whole, reason, dropped);
}

function followGiven(kind: TokenIdKind, value: JsonValue, walk: Walk): FollowedIds | undefined {
  const id = isRole(kind) ? walk.roles?.[kind] : undefined;
  if (id === undefined) return undefined;
  return giveRole(id, value, { map: walk.tokenIds, keepsOne: kind === "eos" && isGeneration(walk) });
}

/** Entries of a map of ids that the user has answered for, and the rest. */
function withAnswers(value: JsonObject, path: readonly string[], walk: Walk) {
  const given: Record<string, JsonValue> = {};
  const open: Record<string, JsonValue> = {};
  for (const [name, item] of Object.entries(value)) {
    const answer = findOverride(walk, path, name, true);
    if (answer === undefined) open[name] = item!;
    else given[name] = answer === KEEP ? item! : answer;
  }
  return { given, open };
}

function inOrderOf(old: JsonObject, now: JsonObject): JsonObject {
  return Object.fromEntries([...Object.keys(old), ...Object.keys(now)].map((name) => [name, now[name]]));
}

/** A size that is not the old number of rows is another table's, or was wrong before; it stays, and that is noted. */
function followSize(path: readonly string[], key: string, value: JsonValue, walk: Walk): JsonValue {
  if (value === walk.sourceRows) {
    return record(walk, path, key, value, walk.rows, "the new number of rows");
  }
  if (typeof value === "number" && walk.rows !== walk.sourceRows) {
    walk.notes.push(
      `${showText([...path, key].join("."), 200)} = ${value} is not the number of rows that the model had, ${walk.sourceRows}, and was ` +
        "left as it is",
    );
  }
  return value;
}

/** The library cuts logits off behind this token (Inkling): a wrong count would cost tokens. */
function followTokenCount(path: readonly string[], key: string, value: JsonValue, walk: Walk): JsonValue {
  if (typeof value !== "number") return value;
  const { sourceRows, rows, sourceTokens = sourceRows, tokens = rows } = walk;
  if (value === sourceTokens) return record(walk, path, key, value, tokens, "the new number of tokens");
  if (value === sourceRows) return record(walk, path, key, value, rows, "the new number of rows");
  leave(walk, path, key, value, [value]);
  return value;
}

/** Of a part that describes no text model, offsets into the text vocabulary alone are looked at (Gemma3n). */
function followOtherPart({ scope, path }: Place, walk: Walk): JsonObject {
  if (typeof scope.vocab_offset !== "number") return scope;
  const part = { scope, path, modelType: undefined };
  return { ...scope, vocab_offset: followValue(part, "vocab_offset", scope.vocab_offset, walk) };
}

function listed(ids: readonly TokenId[]): string {
  return ids.length <= 8 ? ids.join(", ") : `${ids.slice(0, 8).join(", ")} and ${ids.length - 8} more`;
}

/**
 * Lists the value of a key that is in no config of the reference library where it looks like a token id or a size, and
 * would have to change if it is one.
 */
function askAboutUnknown(
  scope: JsonObject,
  path: readonly string[],
  key: string,
  value: JsonValue,
  walk: Walk,
): void {
  const looks = looksLike(key);
  if (looks === undefined) return;
  if (looks === "size") {
    if (value !== walk.sourceRows || walk.rows === walk.sourceRows) return;
    walk.unmapped.push({
      path: [...path, key].join("."),
      value,
      ids: [],
      isUnknown: true,
      likely: walk.rows,
    });
    return;
  }
  const ids = idsIn(value);
  const kinds = ids.map((id) => walk.tokenIds.kindOf(id));
  // the name of `*_token_id` is enough for a token, that of `*_id` and `*_index` is not
  if (!kinds.some((kind) => (looks === "token id" ? kind !== undefined : kind === "special"))) return;
  const { to, missing } = followTokenIds("id", value, scope, walk.tokenIds);
  if (missing.length === 0 && JSON.stringify(to) === JSON.stringify(value)) return;
  walk.unmapped.push({
    path: [...path, key].join("."),
    value,
    ids,
    isUnknown: true,
    ...(missing.length === 0 && { likely: to }),
  });
}
