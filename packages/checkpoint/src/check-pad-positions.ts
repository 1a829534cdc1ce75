import { RevocabError } from "@revocab/core";
import { architectureOf } from "./architectures.ts";
import { roleOfKey } from "./follow-token-ids.ts";
import type { JsonObject } from "./json.ts";

/**
 * RoBERTa and its kin compute a token's position as pad_token_id + 1 + its place, so that row pad_token_id + 1 of the
 * trained position embeddings is the first: the pad id cannot change.
 * @throws RevocabError `token_id_unmapped`
 */
export function checkPadPositions(json: JsonObject, followed: JsonObject, textPath: readonly string[]): void {
  const scopeOf = (root: JsonObject) => textPath.reduce((scope, key) => scope[key] as JsonObject, root);
  const modelType = String(scopeOf(json).model_type ?? json.model_type);
  const architecture = architectureOf(modelType);
  if (!architecture.positionsFollowPad) return;
  const key = roleOfKey("pad");
  const before = scopeOf(json)[key] ?? architecture.defaultIds.pad;
  const after = scopeOf(followed)[key];
  if (before === after) return;
  throw new RevocabError(
    "token_id_unmapped",
    `${modelType} numbers its positions from pad_token_id + 1: the model's pad id is ${before}, the new vocabulary's ` +
      `is ${after}, so that every position embedding would be off by the difference`,
    {
      hint:
        `use a tokenizer whose pad token has the id ${before}; if that id never occurs in text, ` +
        `--token-id ${key}=${before} keeps the positions right`,
    },
  );
}
