import type { TokenId } from "@revocab/core";
import { kindOfKey } from "./config-keys.ts";
import { followVocabulary } from "./follow-vocabulary.ts";
import { isJsonObject, type JsonObject } from "./json.ts";

export interface ListedTokenIds {
  readonly ids: readonly TokenId[];
  /** Paths of the keys that name an id that has no row. */
  readonly beyond: readonly string[];
}

/** Kinds of lists that forbid tokens: the model works without the tokens in them. */
const UNNEEDED: ReadonlySet<string | undefined> = new Set(["words", "suppressed", "biases"]);

/** The ids that a model's config or generation config needs, below `rows`: those of roles and of its own keys. */
export function namedTokenIds(json: JsonObject, modelType: string, rows: number): readonly TokenId[] {
  const { ids } = listTokenIds(withoutLists(json, modelType), modelType, rows);
  return [...new Set(ids)].filter((id) => id < rows);
}

/** Every id that a config names, as often as it does, and the keys of those that have no row. */
export function listTokenIds(json: JsonObject, modelType: string, rows: number): ListedTokenIds {
  const ids: TokenId[] = [];
  const { changes, unmapped } = followVocabulary({
    json,
    modelType,
    sourceRows: rows,
    rows,
    tokenIds: {
      isExact: true,
      byRole: () => undefined,
      byOldId(id) {
        ids.push(id);
        return id < rows ? id : undefined;
      },
      kindOf: () => undefined,
    },
  });
  return { ids, beyond: [...changes, ...unmapped].map(({ path }) => path) };
}

function withoutLists(json: JsonObject, modelType: string): JsonObject {
  return Object.fromEntries(
    Object.entries(json)
      .filter(([key]) => !UNNEEDED.has(kindOfKey(modelType, key)))
      .map(([key, value]) => [key, isJsonObject(value) ? withoutLists(value, modelType) : value]),
  );
}
