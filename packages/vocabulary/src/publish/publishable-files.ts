import { SPECIAL_ROLES } from "@revocab/core";
import type { Specials } from "../special/find-specials.ts";
import { TOKENIZER_FILES } from "../tokenizer-files.ts";
import type { TokenizerJson } from "../tokenizer-json/tokenizer-json.ts";

/**
 * The files a model folder needs so that AutoTokenizer opens this tokenizer: those it has, and a
 * tokenizer_config.json with the roles where there is none.
 */
export function publishableFiles(
  source: ReadonlyMap<string, Uint8Array>,
  {
    json,
    config,
    specials,
  }: { json: TokenizerJson; config: Record<string, unknown> | undefined; specials: Specials },
): { readonly files: ReadonlyMap<string, Uint8Array>; readonly notes: readonly string[] } {
  const files = new Map<string, Uint8Array>();
  for (const name of TOKENIZER_FILES) {
    const content = source.get(name);
    if (content !== undefined) files.set(name, content);
  }
  files.set("tokenizer.json", json.bytes);
  const notes: string[] = [];
  if (config === undefined) {
    const roles: Record<string, string> = {};
    for (const role of SPECIAL_ROLES) {
      const id = specials.idOfRole.get(role);
      if (id !== undefined) roles[`${role}_token`] = specials.tokenOf.get(id)!;
    }
    files.set("tokenizer_config.json", encodeJson({ tokenizer_class: "PreTrainedTokenizerFast", ...roles }));
  }
  return { files, notes };
}

function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}
