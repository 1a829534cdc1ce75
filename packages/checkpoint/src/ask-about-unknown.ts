import { looksLike } from "./config-keys.ts";
import type { Walk } from "./config-walk.ts";
import { followTokenIds, idsIn } from "./follow-token-ids.ts";
import type { JsonObject, JsonValue } from "./json.ts";

/**
 * Lists the value of a key that is in no config of the reference library where it looks like a token id or a size, and
 * would have to change if it is one.
 */
export function askAboutUnknown(
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
