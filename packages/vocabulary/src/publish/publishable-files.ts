import { SPECIAL_ROLES } from "@revocab/core";
import type { Specials } from "../special/find-specials.ts";
import { TOKENIZER_FILES } from "../tokenizer-files.ts";
import type { TokenizerJson } from "../tokenizer-json/tokenizer-json.ts";
import { isChatTemplateFile } from "./chat-templates-of.ts";

/**
 * The files a model folder needs so that AutoTokenizer opens this tokenizer with the ids of its tokenizer.json: those
 * it has as they are, and a tokenizer_config.json that names every role and PreTrainedTokenizerFast.
 *
 * The class matters: transformers 5 rebuilds others from the vocabulary alone. Measured with 5.18 on 64 hard strings:
 * LlamaTokenizer gives other ids than the file for 21 (Llama-2) and 23 (Phi-3) of them, and XLMRobertaTokenizer cannot
 * open a BPE file at all.
 */
export function publishableFiles(
  source: ReadonlyMap<string, Uint8Array>,
  { json, config, specials }: Subject,
): { readonly files: ReadonlyMap<string, Uint8Array>; readonly notes: readonly string[] } {
  const files = new Map<string, Uint8Array>();
  for (const name of TOKENIZER_FILES) {
    const content = source.get(name);
    if (content !== undefined) files.set(name, content);
  }
  for (const [name, content] of source) if (isChatTemplateFile(name)) files.set(name, content);
  files.set("tokenizer.json", json.bytes);
  const changes = configChanges(config ?? {}, specials);
  const hasCode = config?.auto_map !== undefined;
  if (Object.keys(changes).length > 0 || hasCode) {
    const { auto_map: _code, ...kept } = config ?? {};
    files.set("tokenizer_config.json", encodeJson({ ...kept, ...changes }));
  }
  const replaced = config?.tokenizer_class;
  return {
    files,
    notes: [
      ...(typeof replaced === "string" && changes.tokenizer_class !== undefined
        ? [`published as ${FAST_CLASS} instead of ${replaced}, which transformers 5 would rebuild`]
        : []),
      ...(hasCode ? ["published without the Python code that auto_map of tokenizer_config.json names"] : []),
    ],
  };
}

interface Subject {
  readonly json: TokenizerJson;
  readonly config: Readonly<Record<string, unknown>> | undefined;
  readonly specials: Specials;
}

const FAST_CLASS = "PreTrainedTokenizerFast";

/** The class, and each role that the config leaves open; what it declares stays, AddedToken objects included. */
function configChanges(
  config: Readonly<Record<string, unknown>>,
  specials: Specials,
): Record<string, string> {
  const changes: Record<string, string> = {};
  if (config.tokenizer_class !== FAST_CLASS) changes.tokenizer_class = FAST_CLASS;
  for (const role of SPECIAL_ROLES) {
    const id = specials.idOfRole.get(role);
    if (id === undefined || (config[`${role}_token`] ?? null) !== null) continue;
    changes[`${role}_token`] = specials.tokenOf.get(id)!;
  }
  return changes;
}

function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}
