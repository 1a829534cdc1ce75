import type { JsonObject, JsonValue } from "@revocab/checkpoint";
import { quote, RevocabError } from "@revocab/core";
import type { z } from "zod";

/** Where a part of a config stands, for messages. */
export interface ConfigPlace {
  /** The path of config.json. */
  readonly path: string;
  /** The keys that lead to the part: `rope_scaling`. @default the config itself */
  readonly at?: string;
}

/**
 * Reads the keys that a schema names; others are passed over.
 * @throws RevocabError `bad_config`, with the key, what it is and what was expected; `unsupported_checkpoint` when the
 *   weights are quantized
 */
export function parseConfig<Schema extends z.ZodType>(
  schema: Schema,
  config: JsonObject,
  place: ConfigPlace,
): z.output<Schema> {
  refuseQuantized(config, place);
  const parsed = schema.safeParse(config);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0];
  const keys = path.map(String);
  const found = keys.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    config,
  );
  throw badConfig(
    place,
    keys.join("."),
    found,
    message.replace(/^(Invalid input|Invalid option|Too big|Too small): /, ""),
  );
}

/**
 * A config's value that is wrong, or asks for what cannot be run.
 * @param expected as in "expected a multiple of 8"
 */
export function badConfig(
  { path, at }: ConfigPlace,
  key: string,
  found: unknown,
  expected: string,
): RevocabError {
  const name = at === undefined ? key : `${at}.${key}`;
  const text = found === undefined ? "missing" : quote(found);
  return new RevocabError("bad_config", `${name} in ${path} is ${text}: ${expected}`, {
    hint: "either the config is wrong, or it asks for a part that revocab does not know how to run",
  });
}

/** The same config, with values under the names that the library's configs prefer. */
export function withNames(
  config: JsonObject,
  preferredNames: Readonly<Record<string, string>>,
): Record<string, JsonValue | undefined> {
  const renamed: Record<string, JsonValue | undefined> = { ...config };
  for (const [other, preferred] of Object.entries(preferredNames)) {
    renamed[preferred] ??= config[other];
  }
  return renamed;
}

function refuseQuantized({ quantization_config: quantization }: JsonObject, { path }: ConfigPlace): void {
  if (quantization === undefined || quantization === null) return;
  throw new RevocabError(
    "unsupported_checkpoint",
    `${path} says that the weights are quantized (quantization_config); f32, f16 or bf16 were expected`,
    { hint: "use the model that the quantized one was made from" },
  );
}
