import { SPECIAL_ROLES } from "@revocab/core";
import type { Tokenizer } from "../tokenizer.ts";
import { parseJson } from "../tokenizer-json/parse-json.ts";
import { FAST_NAME } from "./fast-config.ts";

/**
 * The files of a tokenizer for a model that was not trained with its class: AutoTokenizer takes its tokenizer.json as it is.
 * A tokenizer that was read as `file` has them already.
 */
export function asFastFiles(tokenizer: Tokenizer): Map<string, Uint8Array> {
  const files = new Map(tokenizer.files);
  const bytes = files.get("tokenizer_config.json");
  const config = bytes === undefined ? {} : (parseJson(bytes, tokenizer.origin) as Record<string, unknown>);
  const { auto_map: code, ...kept } = config;
  if (config.tokenizer_class === FAST_NAME && code === undefined) return files;
  const { vocabulary, specialTokens } = tokenizer;
  const added = new Set(specialTokens.map(({ id }) => id));
  const roles = Object.fromEntries(
    SPECIAL_ROLES.flatMap((role) => {
      const id = vocabulary.idOfRole(role);
      const isOpen = (config[`${role}_token`] ?? null) === null;
      return id === undefined || !isOpen || !added.has(id) ? [] : [[`${role}_token`, vocabulary.tokenOf(id)]];
    }),
  );
  const published = { ...kept, ...roles, tokenizer_class: FAST_NAME };
  return files.set(
    "tokenizer_config.json",
    new TextEncoder().encode(`${JSON.stringify(published, null, 2)}\n`),
  );
}
