import { editJson, isJsonObject, type JsonEdit, type JsonObject, type JsonValue } from "@revocab/checkpoint";
import type { TokenId } from "@revocab/core";
import type { FollowedConfigs } from "./follow-configs.ts";

/**
 * The configs with another end of texts. A list of ends keeps the others behind the new one: the model was trained to stop
 * at them. So does generation_config.json where it names one, as what is generated stops at any; config.json names one
 * (the reference library's trainer aligns a model with its tokenizer in the same way).
 */
export function followEos(
  { files, changes, notes }: FollowedConfigs,
  { eos, newIdOf }: { readonly eos: TokenId; readonly newIdOf: (id: TokenId) => TokenId | undefined },
): FollowedConfigs {
  const followed = new Map(files);
  const all = [...changes];
  for (const [file, text] of files) {
    const json = JSON.parse(text) as JsonObject;
    // what stood there before the vocabulary was followed, in new ids
    const oldEnds = (keys: readonly string[]): JsonValue | undefined => {
      const change = changes.find((one) => one.file === file && one.path === keys.join("."));
      if (change === undefined) return valueAt(json, keys);
      const ends = [change.from ?? null]
        .flat()
        .flatMap((id) => (typeof id === "number" ? [newIdOf(id) ?? []].flat() : []));
      return Array.isArray(change.from) ? ends : ends[0];
    };
    const edits = eosEdits(json, [], (keys) =>
      endsWith(oldEnds(keys), eos, file === "generation_config.json"),
    );
    followed.set(file, editJson(text, edits));
    for (const { keys, to } of edits) {
      const path = keys.join(".");
      const place = all.findIndex((change) => change.file === file && change.path === path);
      const known = place < 0 ? undefined : all.splice(place, 1)[0];
      const from = known === undefined ? valueAt(json, keys) : known.from;
      all.push({ file, path, keys, from, to, reason: "the end of texts that was asked for" });
    }
  }
  return { files: followed, changes: all, notes };
}

function endsWith(value: JsonValue | undefined, eos: TokenId, keepsOne: boolean): JsonValue {
  const isList = Array.isArray(value);
  const others = [value].flat().filter((id) => typeof id === "number" && id !== eos) as number[];
  return isList || (keepsOne && others.length > 0) ? [eos, ...others] : eos;
}

/** Every `eos_token_id` of a config but those of parts that describe no text; at the top where there is none. */
function eosEdits(
  scope: JsonObject,
  path: readonly string[],
  follow: (keys: readonly string[]) => JsonValue,
): JsonEdit[] {
  const nested = Object.entries(scope).flatMap(([key, value]) =>
    isJsonObject(value) && !OTHER_PARTS.test(key) ? eosEdits(value, [...path, key], follow) : [],
  );
  const isHere = KEY in scope || (path.length === 0 && nested.length === 0);
  const edits = isHere ? [...nested, { keys: [...path, KEY], to: follow([...path, KEY]) }] : nested;
  return edits.filter(
    ({ keys, to }) => JSON.stringify(valueAt(scope, keys.slice(path.length))) !== JSON.stringify(to),
  );
}

const KEY = "eos_token_id";
const OTHER_PARTS = /^(vision|audio|speech|visual|vq|quantization)_?\w*$/;

function valueAt(json: JsonObject, keys: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = json;
  for (const key of keys) value = isJsonObject(value) ? value[key] : undefined;
  return value;
}
