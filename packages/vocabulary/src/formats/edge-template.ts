import { quote } from "@revocab/core";
import { endsTemplate } from "../reference/ends-template.ts";
import { badTokenizer } from "../tokenizer-json/bad-tokenizer.ts";
import type { JsonObject } from "./folder-settings.ts";

/**
 * The post-processor of a generic class whose config says whether bos and eos stand around texts; `undefined` where it
 * says nothing. A token that there is none of is left out.
 */
export function edgeTemplate(
  config: JsonObject,
  {
    tokenOf,
    idOf,
    place,
  }: {
    readonly tokenOf: ReadonlyMap<string, string>;
    readonly idOf: ReadonlyMap<string, number>;
    readonly place: string;
  },
): object | undefined {
  if (config.add_bos_token === undefined && config.add_eos_token === undefined) return undefined;
  const tokenFor = (setting: string, role: string): string | undefined => {
    const value = config[setting] ?? false;
    if (typeof value !== "boolean") {
      throw badTokenizer(place, `${setting} is ${quote(value)}, expected true or false`);
    }
    return value ? tokenOf.get(role) : undefined;
  };
  return endsTemplate({
    before: tokenFor("add_bos_token", "bos_token"),
    after: tokenFor("add_eos_token", "eos_token"),
    idOf: (token) => idOf.get(token),
  });
}
