import { RevocabError } from "@revocab/core";
import { badTokenizer } from "../tokenizer-json/bad-tokenizer.ts";
import { isObject, type JsonObject } from "./folder-settings.ts";
import type { SpecialTokens } from "./special-tokens.ts";
import { BUILT, CLASS_COMPONENTS, type TokenizerClass } from "./tokenizer-classes.ts";

/**
 * The components of a tokenizer.json that a class builds, by the settings of a folder; the model without its vocabulary.
 * @throws RevocabError `bad_tokenizer`: a setting of another kind; `unsupported_tokenizer`: a special token that the
 *   class needs and nothing names
 */
export function classDocument(
  known: TokenizerClass,
  config: JsonObject,
  tokens: SpecialTokens & { readonly idOf: (token: string) => number | undefined },
  { className, place }: { readonly className: string; readonly place: string },
): Record<(typeof BUILT)[number], unknown> {
  refuseUnknownValues(known, config, className, place);
  const values = Object.entries(known.settings).map(([name, { absent, mayBeNull }]) => {
    const value = config[name];
    if (value === undefined || (value === null && mayBeNull)) return absent;
    if (typeof value !== "boolean") {
      throw badTokenizer(place, `${name} is ${JSON.stringify(value)}, expected true or false`);
    }
    // A text cannot begin or end with a token that there is none of; the library drops the setting.
    const role = { add_bos_token: "bos_token", add_eos_token: "eos_token" }[name];
    return role !== undefined && !tokens.tokenOf.has(role) ? false : value;
  });
  const numbers = known.built[values.map((value) => JSON.stringify(value)).join(",")]!;
  const fill = filling(tokens, className, place);
  return Object.fromEntries(
    BUILT.map((part, index) => [part, fill(CLASS_COMPONENTS[numbers[index]!])]),
  ) as Record<(typeof BUILT)[number], unknown>;
}

function refuseUnknownValues(
  { fixed }: TokenizerClass,
  config: JsonObject,
  className: string,
  place: string,
): void {
  for (const [name, expected] of Object.entries(fixed)) {
    const value = config[name] ?? expected;
    if (value === expected) continue;
    throw new RevocabError(
      "unsupported_tokenizer",
      `${place}: ${name} is ${JSON.stringify(value)}, expected ${JSON.stringify(expected)} for a ${className} without tokenizer.json`,
      { hint: SAVE_AGAIN },
    );
  }
}

/** What helps where a vocabulary cannot be read without its class. */
export const SAVE_AGAIN =
  "give a folder with tokenizer.json: AutoTokenizer.from_pretrained(folder).save_pretrained(folder) in Python writes it";

/** Puts tokens and ids in the places of `{bos_token}` and `#{bos_token}`; what is no role is a token itself. */
function filling(
  { tokenOf, idOf }: Parameters<typeof classDocument>[2],
  className: string,
  place: string,
): (template: unknown) => unknown {
  const text = (template: string): string | number => {
    const [, isId, name] = /^(#?)\{(.+)\}$/.exec(template) ?? [];
    if (name === undefined) return template;
    const token = name.endsWith("_token") ? tokenOf.get(name) : name;
    const id = token === undefined ? undefined : idOf(token);
    if (token === undefined || (isId !== "" && id === undefined)) {
      throw new RevocabError(
        "unsupported_tokenizer",
        `${place}: ${className} puts ${name} around texts, found ${token === undefined ? "no such token" : "no id for it"}`,
        { hint: `name ${name} in tokenizer_config.json, with a token of the vocabulary` },
      );
    }
    return isId === "" ? token : id!;
  };
  const fill = (template: unknown): unknown => {
    if (typeof template === "string") return text(template);
    if (Array.isArray(template)) return template.map(fill);
    if (!isObject(template)) return template;
    return Object.fromEntries(Object.entries(template).map(([key, value]) => [text(key), fill(value)]));
  };
  return fill;
}
