import type { TokenId } from "@revocab/core";
import { kindOfKey } from "./config-keys.ts";
import { followVocabulary } from "./follow-vocabulary.ts";
import { isJsonObject, type JsonObject } from "./json.ts";

/** Lists of what shall not be written name no token that has to be there. */
const UNNEEDED: ReadonlySet<string | undefined> = new Set(["words", "suppressed", "biases"]);

/** The ids that a model's config or generation config needs, below `rows`: those of roles and of its own keys. */
export function namedTokenIds(json: JsonObject, modelType: string, rows: number): readonly TokenId[] {
  const named = new Set<TokenId>();
  followVocabulary({
    json: withoutLists(json, modelType),
    modelType,
    sourceRows: rows,
    rows,
    tokenIds: {
      isExact: true,
      byRole: () => undefined,
      byOldId(id) {
        if (id < rows) named.add(id);
        return id;
      },
      kindOf: () => undefined,
    },
  });
  return [...named];
}

function withoutLists(json: JsonObject, modelType: string): JsonObject {
  return Object.fromEntries(
    Object.entries(json)
      .filter(([key]) => !UNNEEDED.has(kindOfKey(modelType, key)))
      .map(([key, value]) => [key, isJsonObject(value) ? withoutLists(value, modelType) : value]),
  );
}
