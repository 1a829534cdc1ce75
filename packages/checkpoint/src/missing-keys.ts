import { quote, RevocabError, type SpecialRole, showText, type TokenId } from "@revocab/core";
import {
  defaultIdsOf,
  defaultSizesOf,
  kindOfKey,
  mayBeNull,
  nameIn,
  sizeKeyIn,
  sizeKeyOf,
  textPartsOf,
} from "./config-keys.ts";
import { findOverride, isGeneration, KEEP, leave, type Place, record, type Walk } from "./config-walk.ts";
import { followTokenIds, GIVEN, idsIn, isRole, roleOfKey, type TokenIdKind } from "./follow-token-ids.ts";
import type { JsonObject, JsonValue } from "./json.ts";

/** Adds a key to the object that the walk is in. */
type Add = (key: string, to: JsonValue, reason: string) => void;

/**
 * Keys that a sparse config leaves to the library's defaults, which hold for the old vocabulary alone.
 * @throws RevocabError `bad_config` for a config whose whole text part is left to them
 */
export function missingKeys(place: Place, walk: Walk, isText: boolean): [string, JsonValue][] {
  const { path } = place;
  const added: [string, JsonValue][] = [];
  const add: Add = (key, to, reason) => added.push([key, record(walk, path, key, undefined, to, reason)]);
  // a generation_config.json leaves ids to config.json, whose defaults these are
  if (walk.textPath !== undefined) {
    if (isText) addSizes(place, walk, add);
    addIds(place, walk, add);
  }
  if (path.length === 0 && (walk.textPath !== undefined || isGeneration(walk))) addRoles(place, walk, add);
  return added;
}

function addSizes({ scope, modelType }: Place, walk: Walk, add: Add): void {
  if (sizeKeyIn(scope) === undefined) {
    requireTextPart(scope, modelType);
    const key = sizeKeyOf(modelType);
    if (key !== undefined) add(key, walk.rows, "the new number of rows");
  }
  for (const [key, size] of defaultSizesOf(modelType)) {
    if (nameIn(scope, modelType, key) !== undefined) continue;
    if (kindOfKey(modelType, key) === "layerSize") add(key, walk.rows, "every token has per-layer rows");
    else if (size === walk.sourceRows) add(key, walk.rows, "the new number of rows");
  }
}

function addIds(place: Place, walk: Walk, add: Add): void {
  const { scope, path, modelType } = place;
  // older configs are flat: the library takes what its text part needs from the outside (Qwen2-VL)
  const flatParts = sizeKeyIn(scope) === undefined ? [] : textPartsOf(modelType);
  const types = [modelType, ...flatParts.filter(([key]) => scope[key] === undefined).map(([, type]) => type)];
  for (const [key, id] of types.flatMap(defaultIdsOf)) {
    if (nameIn(scope, modelType, key) !== undefined) continue;
    const kind = kindOfKey(modelType, key) as TokenIdKind;
    const given = isRole(kind) ? walk.roles?.[kind] : undefined;
    const answer = findOverride(walk, path, key) ?? given;
    if (answer !== undefined && isRole(kind)) walk.rolesInPlace.add(kind as SpecialRole);
    if (answer === KEEP) continue;
    if (answer === undefined) addDefault(place, key, kind, id as JsonValue, walk, add);
    else add(key, answer, GIVEN);
  }
}

/** A role that the user gives and no key has, the defaults of the model's type included. */
function addRoles({ path }: Place, walk: Walk, add: Add): void {
  for (const [role, id] of Object.entries(walk.roles ?? {}) as [SpecialRole, TokenId][]) {
    if (walk.rolesInPlace.has(role)) continue;
    const key = roleOfKey(role);
    const answer = findOverride(walk, path, key) ?? id;
    if (answer !== KEEP) add(key, answer, GIVEN);
  }
}

/** Adds a default unless its id is no token of the old vocabulary, or an ordinary word: then it was never in use. */
function addDefault(
  { scope, path, modelType }: Place,
  key: string,
  kind: TokenIdKind,
  value: JsonValue,
  walk: Walk,
  add: Add,
): void {
  const kinds = idsIn(value).map((id) => walk.tokenIds.kindOf(id));
  if (!isRole(kind) && !kinds.includes("special")) return;
  if (walk.tokenIds.isExact && kinds.every((found) => found === undefined)) return;
  const { to, missing } = followTokenIds(kind, value, scope, walk.tokenIds);
  const reason = `the library's default, ${quote(value)}, holds for the old vocabulary`;
  const isLost = missing.length > 0 || to === null;
  if (isLost && isRole(kind) && mayBeNull(modelType, key)) add(key, null, reason);
  else if (isLost) leave(walk, path, key, value, idsIn(value));
  else if (JSON.stringify(to) !== JSON.stringify(value)) add(key, to, reason);
}

/** A part that is missing as a whole cannot be written out from here: its defaults are not those of its type. */
function requireTextPart(scope: JsonObject, modelType: string | undefined): void {
  const parts = textPartsOf(modelType).map(([key]) => key);
  if (parts.length === 0 || parts.some((key) => scope[key] !== undefined)) return;
  throw new RevocabError(
    "bad_config",
    `config.json has no ${parts.join(" and no ")}, so that the size of the vocabulary is the default of ${showText(String(modelType), 200)}`,
    { hint: "write it out: open the config with transformers' AutoConfig and save it again" },
  );
}
