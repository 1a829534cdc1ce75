import { SPECIAL_ROLES } from "@revocab/core";
import type { Specials } from "../find-specials.ts";
import type { DeclaredTokens } from "../reference/declared-tokens.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { encodeSettings, type JsonObject, parseJson } from "../tokenizer-json/json-file.ts";
import type { TokenizerJson } from "../tokenizer-json/tokenizer-json.ts";

interface FastConfig {
  /** The tokenizer_config.json with which AutoTokenizer uses tokenizer.json as it is; undefined if none is needed. */
  readonly config: JsonObject | undefined;
  /** The files with that config. */
  files(source: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array>;
  readonly notes: readonly string[];
}

/**
 * The tokenizer_config.json with which AutoTokenizer gives the ids of tokenizer.json. It names every role, and the class
 * PreTrainedTokenizerFast.
 *
 * The class matters: transformers 5 rebuilds others from the vocabulary alone. Measured with 5.18 on 64 hard strings:
 * LlamaTokenizer gives other ids than the file for 21 (Llama-2) and 23 (Phi-3) of them, and XLMRobertaTokenizer cannot
 * open a BPE file at all.
 */
export function fastConfig(
  config: JsonObject | undefined,
  { named }: Pick<DeclaredTokens, "named">,
  { json, specials }: { readonly json: TokenizerJson; readonly specials: Specials },
): FastConfig {
  const changes = configChanges(config ?? {}, named, json, specials);
  const hasCode = config?.auto_map !== undefined;
  const isChanged = Object.keys(changes).length > 0 || hasCode;
  const { auto_map: _code, ...kept } = config ?? {};
  const published = isChanged ? { ...kept, ...changes } : config;
  const replaced = config?.tokenizer_class;
  return {
    config: published,
    files: (source) =>
      isChanged && published !== undefined
        ? new Map(source).set("tokenizer_config.json", encodeSettings(published))
        : source,
    notes: [
      ...(typeof replaced === "string" && changes.tokenizer_class !== undefined
        ? [`published as ${FAST_NAME} instead of ${replaced}, which transformers 5 would rebuild`]
        : []),
      ...(hasCode ? ["published without the Python code that auto_map of tokenizer_config.json names"] : []),
    ],
  };
}

export const FAST_NAME = "PreTrainedTokenizerFast";

/**
 * The class, and each role that no file names; declared roles stay, AddedToken objects included. The unknown token is named
 * only if it is an added token: otherwise naming it would make it one, and texts that contain its string would be encoded
 * otherwise.
 */
function configChanges(
  config: JsonObject,
  named: DeclaredTokens["named"],
  json: TokenizerJson,
  specials: Specials,
): Record<string, string> {
  const changes: Record<string, string> = {};
  if (config.tokenizer_class !== FAST_NAME) changes.tokenizer_class = FAST_NAME;
  for (const role of SPECIAL_ROLES) {
    const id = specials.idOfRole.get(role);
    if (id === undefined || named.has(`${role}_token`)) continue;
    const isAdded = json.added.some((token) => token.id === id);
    if (isAdded || role !== "unk") changes[`${role}_token`] = specials.tokenOf.get(id)!;
  }
  return changes;
}

/**
 * The files of a tokenizer for a model that was not trained with its class: AutoTokenizer then uses tokenizer.json as it is.
 * For a tokenizer that was read as `file`, these are its own files.
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
  return files.set("tokenizer_config.json", encodeSettings(published));
}
