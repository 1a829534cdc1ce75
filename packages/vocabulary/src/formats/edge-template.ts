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
      throw badTokenizer(place, `${setting} is ${JSON.stringify(value)}, expected true or false`);
    }
    return value ? tokenOf.get(role) : undefined;
  };
  const bos = tokenFor("add_bos_token", "bos_token");
  const eos = tokenFor("add_eos_token", "eos_token");
  const around = (sequence: string, type: number): object[] => [
    ...(bos === undefined ? [] : [{ SpecialToken: { id: bos, type_id: type } }]),
    { Sequence: { id: sequence, type_id: type } },
    ...(eos === undefined ? [] : [{ SpecialToken: { id: eos, type_id: type } }]),
  ];
  const used = [...new Set([bos, eos])].filter((token) => token !== undefined);
  return {
    type: "TemplateProcessing",
    single: around("A", 0),
    pair: [...around("A", 0), ...around("B", 1)],
    special_tokens: Object.fromEntries(
      used.map((token) => [token, { id: token, ids: [idOf.get(token)!], tokens: [token] }]),
    ),
  };
}
