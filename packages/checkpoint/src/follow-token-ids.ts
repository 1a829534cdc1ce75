import { SPECIAL_ROLES, type SpecialRole, type TokenId } from "@revocab/core";
import type { KeyKind } from "./config-keys.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";

/** Where the new vocabulary has a special token of a role, and the counterpart of an old token. */
export interface TokenIdMap {
  byRole(role: SpecialRole): TokenId | undefined;
  byOldId(id: TokenId): TokenId | undefined;
  /** What an id of the old vocabulary names: undefined for no token at all. */
  kindOf(id: TokenId): "special" | "text" | undefined;
  /**
   * The new vocabulary is an edit of the old one: `byOldId` is all there is to know, and roles say nothing. A model that
   * was trained to stop at a token which its tokenizer does not call eos goes on to stop at it.
   * @default false
   */
  readonly isExact?: boolean;
}

export interface FollowedIds {
  readonly to: JsonValue;
  readonly reason: string;
  /** Old ids without a counterpart, for which the value is left as it was. */
  readonly missing: readonly TokenId[];
  /** Old ids without a counterpart that were taken out of the value, for it means the same without them. */
  readonly dropped: readonly TokenId[];
}

/** Kinds whose values hold token ids. */
export type TokenIdKind = Exclude<KeyKind, "size" | "tokens" | "layerSize" | "offset" | "other">;

/** Roles that are filled in where the source had none: generation stops at eos, batches need pad. */
const FILLED_ROLES = new Set<SpecialRole>(["bos", "eos", "pad"]);
const FOLLOWED = "the counterpart of the old token";
export const GIVEN = "given by the user";

export function isRole(kind: KeyKind): kind is SpecialRole {
  return (SPECIAL_ROLES as readonly string[]).includes(kind);
}

export function roleOfKey(role: SpecialRole): string {
  return `${role}_token_id`;
}

/** The value of one key that holds token ids, for the new vocabulary; `scope` is the object the key is in. */
export function followTokenIds(
  kind: TokenIdKind,
  value: JsonValue,
  scope: JsonObject,
  map: TokenIdMap,
): FollowedIds {
  if (isRole(kind)) return map.isExact ? followStops(value, map) : followRole(kind, value, map);
  if (Array.isArray(value)) {
    if (kind === "suppressed") return followList(value, (id) => followOther(id, {}, map));
    if (kind === "words" && map.isExact) return followList(value, (word) => followOther(word, {}, map));
    if (kind === "biases") return followBiases(value, map);
    if (kind === "forced") return followForced(value, scope, map);
  }
  if (kind === "keyed" && isJsonObject(value)) return followKeys(value, map);
  return followOther(value, scope, map);
}

/**
 * The value of a key for the token that a user names for its role: alone, or the first of a list, before the counterparts of the
 * others. Generation stops at any of a list of ends, so that there one id becomes a list, too: the model was trained to
 * stop at the old one.
 */
export function giveRole(
  id: TokenId,
  value: JsonValue,
  { map, keepsOne }: { readonly map: TokenIdMap; readonly keepsOne: boolean },
): FollowedIds {
  const old = idsIn(value);
  if (!Array.isArray(value) && !keepsOne) return followed(id, GIVEN);
  const others = [...new Set(old.map((each) => map.byOldId(each)))].filter(
    (other) => other !== undefined && other !== id,
  ) as TokenId[];
  const to = Array.isArray(value) || others.length > 0 ? [id, ...others] : id;
  return { ...followed(to, GIVEN), dropped: old.filter((each) => map.byOldId(each) === undefined) };
}

export function idsIn(value: JsonValue): readonly TokenId[] {
  if (Array.isArray(value)) return value.flatMap(idsIn);
  if (isJsonObject(value)) return Object.values(value).flatMap((item) => idsIn(item!));
  return typeof value === "number" && value >= 0 && Number.isInteger(value) ? [value] : [];
}

function followRole(role: SpecialRole, value: JsonValue, map: TokenIdMap): FollowedIds {
  const target = map.byRole(role);
  const ids = idsIn(value);
  if (ids.length === 0) {
    const fills = target !== undefined && FILLED_ROLES.has(role);
    return followed(fills ? target : value, `the new vocabulary has a token for ${role}`);
  }
  if (Array.isArray(value)) {
    const kept = ids.map((id) => map.byOldId(id));
    // A list of ends of text: the role's own token, and the counterparts of the others.
    const all = [...new Set([target, ...kept].filter((id) => id !== undefined))];
    const lost = ids.filter((_, i) => kept[i] === undefined && (i > 0 || target === undefined));
    const reason =
      lost.length === 0
        ? `the tokens for ${role}`
        : `the tokens for ${role}; ${lost.slice(0, 8)}${lost.length > 8 ? ", …" : ""} have no counterpart`;
    return { ...followed(all.length === 0 ? null : all, reason), dropped: lost };
  }
  const to = target ?? map.byOldId(ids[0]!) ?? null;
  const reason =
    to === null
      ? `the new vocabulary has no token for ${role}`
      : target === undefined
        ? `the counterpart of the old token ${ids[0]}`
        : `the new vocabulary's token for ${role}`;
  return followed(to, reason);
}

/** Of a list of ends of text those that are left do; a single id must have a counterpart. */
function followStops(value: JsonValue, map: TokenIdMap): FollowedIds {
  if (Array.isArray(value)) {
    const list = followList(value, (id) => followOther(id, {}, map));
    if (idsIn(list.to).length > 0) return list;
  }
  return followOther(value, {}, map);
}

/** Items that name a token without a counterpart are dropped: what no longer exists need not be forbidden. */
function followList(value: readonly JsonValue[], follow: (item: JsonValue) => FollowedIds): FollowedIds {
  const items = value.map(follow);
  const dropped = items.flatMap(({ missing }) => missing);
  const to = items.filter(({ missing }) => missing.length === 0).map((item) => item.to);
  const lost = items.length - to.length;
  return {
    // the library refuses an empty list of words and of biases, and takes null for none
    to: to.length === 0 && value.some(Array.isArray) ? null : to,
    reason:
      lost === 0
        ? "counterparts of the old tokens"
        : `counterparts of the old tokens; ${lost} of ${items.length} no longer exist`,
    missing: [],
    dropped: [...new Set(dropped)],
  };
}

/** `[[[7, 8], -2.5], …]`. In a swap a sequence without counterparts is the user's to decide on. */
function followBiases(value: readonly JsonValue[], map: TokenIdMap): FollowedIds {
  const list = followList(value, (pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) return followOther(pair, {}, map);
    const sequence = followOther(pair[0] as JsonValue, {}, map);
    return { ...sequence, to: [sequence.to, pair[1] as JsonValue] };
  });
  if (map.isExact || list.dropped.length === 0) return list;
  return { to: value, reason: "", missing: list.dropped, dropped: [] };
}

/** Pairs of a position and a token. */
function followForced(value: readonly JsonValue[], scope: JsonObject, map: TokenIdMap): FollowedIds {
  const missing: TokenId[] = [];
  const to = value.map((pair): JsonValue => {
    if (!Array.isArray(pair) || pair.length !== 2) return pair;
    const second = followOther(pair[1] as JsonValue, scope, map);
    missing.push(...second.missing);
    return [pair[0] as JsonValue, second.to];
  });
  return { ...followed(missing.length > 0 ? value : to, "counterparts of the old tokens"), missing };
}

/** A map whose keys are ids; what is said of a token that is gone is dropped. */
function followKeys(value: JsonObject, map: TokenIdMap): FollowedIds {
  const dropped: TokenId[] = [];
  const entries = Object.entries(value).flatMap(([key, item]): [string, JsonValue][] => {
    const id = Number(key);
    if (!Number.isSafeInteger(id) || id < 0) return [[key, item!]];
    const counterpart = map.byOldId(id);
    if (counterpart === undefined) dropped.push(id);
    return counterpart === undefined ? [] : [[String(counterpart), item!]];
  });
  return { ...followed(Object.fromEntries(entries), "counterparts of the old tokens"), dropped };
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
  return { ...followed(missing.length > 0 ? value : to, FOLLOWED), missing };
}

/** `decoder_start_token_id` is mostly pad or bos of the same config. */
function counterpartByRole(id: TokenId, scope: JsonObject, map: TokenIdMap): TokenId | undefined {
  if (map.isExact) return undefined;
  const role = SPECIAL_ROLES.find((name) => scope[roleOfKey(name)] === id && map.byRole(name) !== undefined);
  return role === undefined ? undefined : map.byRole(role);
}

function followed(to: JsonValue, reason: string): FollowedIds {
  return { to, reason, missing: [], dropped: [] };
}
