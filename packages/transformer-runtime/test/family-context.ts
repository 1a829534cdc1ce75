import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject, JsonValue } from "@revocab/checkpoint";
import { familyOf, type TransformerDescription } from "@revocab/transformer-runtime";

export const FIXTURES = join(import.meta.dirname, "fixtures/models");

export function fixtureConfig(name: string): JsonObject {
  return JSON.parse(readFileSync(join(FIXTURES, name, "config.json"), "utf8")) as JsonObject;
}

/** What a family says of a config, as if all tensors it may ask for were there. */
export function describeConfig(
  config: JsonObject,
  { hasTensor = (name: string) => !/\.(gamma|bias)$/.test(name) } = {},
): TransformerDescription {
  return familyOf(String(config.model_type))({
    config,
    path: "folder/config.json",
    hasTensor,
    prefixBefore: () => "model.",
  });
}

/** Every tensor that a description names, once. */
export function namedTensors(description: TransformerDescription): string[] {
  return [...new Set(namesIn(description))];
}

function namesIn(part: unknown): string[] {
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part as Record<string, JsonValue>).flatMap(([key, value]) =>
    typeof value === "string" && ["weight", "bias", "tensor", "sinks", "queryBias", "valueBias"].includes(key)
      ? [value]
      : namesIn(value),
  );
}
