import { SPECIAL_ROLES, type SpecialRole, type TokenId } from "@revocab/core";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";

/** Where the new vocabulary has a special token of a role, and the counterpart of an old token. */
export interface TokenIdMap {
  byRole(role: SpecialRole): TokenId | undefined;
  byOldId(id: TokenId): TokenId | undefined;
}

export interface FollowedIds {
  readonly to: JsonValue;
  readonly reason: string;
  /** Old ids without a counterpart; the value is then left as it was. */
  readonly missing: readonly TokenId[];
}

const ID_KEYS = /_token_(id|ids|index|indices)$|_to_id$/;
const LIST_KEYS = new Set(["bad_words_ids", "force_words_ids", "forced_decoder_ids", "sequence_bias"]);
const SUPPRESS_KEYS = new Set(["suppress_tokens", "begin_suppress_tokens"]);
/** Roles that are filled in where the source had none: generation stops at eos, batches need pad. */
const FILLED_ROLES = new Set<SpecialRole>(["bos", "eos", "pad"]);

export function isTokenIdKey(key: string): boolean {
  return ID_KEYS.test(key) || LIST_KEYS.has(key) || SUPPRESS_KEYS.has(key);
}

export function roleOfKey(role: SpecialRole): string {
  return `${role}_token_id`;
}

/** The value of one key that holds token ids, for the new vocabulary; `scope` is the object the key is in. */
export function followTokenIds(
  scope: JsonObject,
  key: string,
  value: JsonValue,
  map: TokenIdMap,
): FollowedIds {
  const role = SPECIAL_ROLES.find((name) => key === roleOfKey(name) || key === `${roleOfKey(name)}s`);
  if (role !== undefined) return followRole(role, value, map);
  if (SUPPRESS_KEYS.has(key) && Array.isArray(value)) return followSuppressed(value, map);
  if (key === "forced_decoder_ids" && Array.isArray(value)) return followForced(value, scope, map);
  if (key === "sequence_bias" && value !== null) return { to: value, reason: "", missing: idsIn(value) };
  return followOther(value, scope, map);
}

function followRole(role: SpecialRole, value: JsonValue, map: TokenIdMap): FollowedIds {
  const target = map.byRole(role);
  const ids = idsIn(value);
  if (ids.length === 0) {
    const fills = target !== undefined && FILLED_ROLES.has(role);
    return { to: fills ? target : value, reason: `the new vocabulary has a token for ${role}`, missing: [] };
  }
  if (Array.isArray(value)) {
    const kept = ids.map((id) => map.byOldId(id));
    // A list of ends of text: the role's own token, and the counterparts of the others.
    const all = [...new Set([target, ...kept].filter((id) => id !== undefined))];
    const lost = ids.filter((_, i) => kept[i] === undefined && (i > 0 || target === undefined));
    const reason =
      lost.length === 0 ? `the tokens for ${role}` : `the tokens for ${role}; ${lost} have no counterpart`;
    return { to: all.length === 0 ? null : all, reason, missing: [] };
  }
  const to = target ?? map.byOldId(ids[0]!) ?? null;
  const reason =
    to === null
      ? `the new vocabulary has no token for ${role}`
      : target === undefined
        ? `the counterpart of the old token ${ids[0]}`
        : `the new vocabulary's token for ${role}`;
  return { to, reason, missing: [] };
}

/** A token that no longer exists need not be suppressed. */
function followSuppressed(value: readonly JsonValue[], map: TokenIdMap): FollowedIds {
  const to = value.flatMap((id): readonly JsonValue[] => {
    if (typeof id !== "number" || id < 0) return [id];
    const counterpart = map.byOldId(id);
    return counterpart === undefined ? [] : [counterpart];
  });
  const dropped = value.length - to.length;
  return {
    to,
    reason: `counterparts of the old tokens; ${dropped} of ${value.length} no longer exist`,
    missing: [],
  };
}

/** Pairs of a position and a token. */
function followForced(value: readonly JsonValue[], scope: JsonObject, map: TokenIdMap): FollowedIds {
  const missing: TokenId[] = [];
  const to = value.map((pair): JsonValue => {
    if (!Array.isArray(pair) || pair.length !== 2) return pair;
    const followed = followOther(pair[1] as JsonValue, scope, map);
    missing.push(...followed.missing);
    return [pair[0] as JsonValue, followed.to];
  });
  return { to: missing.length > 0 ? value : to, reason: "counterparts of the old tokens", missing };
}

function followOther(value: JsonValue, scope: JsonObject, map: TokenIdMap): FollowedIds {
  const missing: TokenId[] = [];
  const follow = (item: JsonValue): JsonValue => {
    if (Array.isArray(item)) return item.map(follow);
    if (isJsonObject(item))
      return Object.fromEntries(Object.entries(item).map(([key, id]) => [key, follow(id!)]));
    // A negative id is a mark of the model's code (LLaVA's first configs have −200), no token.
    if (typeof item !== "number" || item < 0) return item;
    const counterpart = map.byOldId(item) ?? counterpartByRole(item, scope, map);
    if (counterpart === undefined) missing.push(item);
    return counterpart ?? item;
  };
  const to = follow(value);
  return { to: missing.length > 0 ? value : to, reason: "the counterpart of the old token", missing };
}

/** `decoder_start_token_id` is mostly pad or bos of the same config. */
function counterpartByRole(id: TokenId, scope: JsonObject, map: TokenIdMap): TokenId | undefined {
  const role = SPECIAL_ROLES.find((name) => scope[roleOfKey(name)] === id && map.byRole(name) !== undefined);
  return role === undefined ? undefined : map.byRole(role);
}

function idsIn(value: JsonValue): readonly TokenId[] {
  return [value]
    .flat(4)
    .filter((id): id is number => typeof id === "number" && id >= 0 && Number.isInteger(id));
}
