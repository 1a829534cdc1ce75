import type { SpecialRole, TokenId } from "@revocab/core";
import type { TokenIdMap } from "./follow-token-ids.ts";
import type { JsonObject, JsonValue } from "./json.ts";

/** One value of a config that the new vocabulary has changed. */
export interface ConfigChange {
  /** Keys from the outside in, joined by dots: `text_config.eos_token_id`. */
  readonly path: string;
  readonly keys: readonly string[];
  /** Undefined for a key that the config did not have. */
  readonly from: JsonValue | undefined;
  readonly to: JsonValue;
  readonly reason: string;
  /** Old ids that were taken out of a list, for their tokens have no counterpart. */
  readonly dropped?: readonly TokenId[];
}

/** A value of a config that the caller must decide on; it was left as it is. */
export interface UnmappedValue {
  readonly path: string;
  readonly value: JsonValue;
  /** The old ids without a counterpart; for an unknown key, all ids in it. */
  readonly ids: readonly TokenId[];
  /** A key that no config of the reference library has, whose name or value looks like a token id or a size. */
  readonly isUnknown: boolean;
  /** What it would become if it is what it looks like; undefined where that cannot be known. */
  readonly likely?: JsonValue;
}

/** As an override: the value is right as it is. */
export const KEEP = "keep";

export interface FollowVocabularyOptions {
  /** config.json or generation_config.json of the source model. */
  readonly json: JsonObject;
  /** Of config.json, for a generation_config.json. @default the file's own `model_type` */
  readonly modelType?: string;
  /** Rows of the source model's tables, and of the new model's. */
  readonly sourceRows: number;
  readonly rows: number;
  /** Ids of the two vocabularies, without the padding rows. @default the rows */
  readonly sourceTokens?: number;
  readonly tokens?: number;
  readonly tokenIds: TokenIdMap;
  /**
   * Tokens that get a role whatever the configs and the vocabularies say, in every key of the role; where a config has
   * none, at its top. @default none
   */
  readonly roles?: Readonly<Partial<Record<SpecialRole, TokenId>>>;
  /**
   * Values to set whatever the vocabularies say, by path or by last key: `{ image_token_id: 7 }`, `"keep"` for the value
   * that is there. @default none
   */
  readonly overrides?: Readonly<Record<string, JsonValue>>;
  /** The file is no model's config: every `*_token_id` in it is an id, though no config class has it. @default false */
  readonly idsByName?: boolean;
  /** The new model has a head of its own. @default false */
  readonly untie?: boolean;
}

/** What one walk through a config knows and finds. */
export interface Walk extends FollowVocabularyOptions {
  readonly changes: ConfigChange[];
  readonly unmapped: UnmappedValue[];
  readonly notes: string[];
  readonly usedOverrides: Set<string>;
  /** Roles that a key of the file has, or got. */
  readonly rolesInPlace: Set<SpecialRole>;
  /** Where the language model is described; undefined in a generation_config.json, which has no part for it. */
  readonly textPath: string | undefined;
}

/** Whether the file is a generation_config.json. */
export function isGeneration({ textPath, idsByName = false }: Walk): boolean {
  return textPath === undefined && !idsByName;
}

/** An object of the config that the walk is in. */
export interface Place {
  readonly scope: JsonObject;
  readonly path: readonly string[];
  readonly modelType: string | undefined;
}

/** What the user says of a key: by its path, then by its name. */
export function findOverride(
  walk: Walk,
  path: readonly string[],
  key: string,
  byPathAlone = false,
): JsonValue | undefined {
  const { overrides = {} } = walk;
  for (const name of [[...path, key].join("."), ...(byPathAlone ? [] : [key])]) {
    if (!Object.hasOwn(overrides, name)) continue;
    walk.usedOverrides.add(name);
    return overrides[name];
  }
  return undefined;
}

/** Lists a value as one that the caller must decide on. */
export function leave(
  walk: Walk,
  path: readonly string[],
  key: string,
  value: JsonValue,
  ids: readonly TokenId[],
): void {
  walk.unmapped.push({ path: [...path, key].join("."), value, ids, isUnknown: false });
}

/** Sets a value, and lists it as a change if it is one. */
export function record(
  walk: Walk,
  path: readonly string[],
  key: string,
  from: JsonValue | undefined,
  to: JsonValue,
  reason: string,
  dropped: readonly TokenId[] = [],
): JsonValue {
  if (JSON.stringify(from) !== JSON.stringify(to)) {
    walk.changes.push({
      path: [...path, key].join("."),
      keys: [...path, key],
      from,
      to,
      reason,
      ...(dropped.length > 0 && { dropped }),
    });
  }
  return to;
}
