import type { JsonObject, JsonValue } from "@revocab/checkpoint";
import { quote, RevocabError } from "@revocab/core";
import { z } from "zod";
import type { Activation } from "../description.ts";

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

// What may stand under the keys of a config. The bounds are far beyond any model; they keep a damaged config from
// asking for memory without end.

/** Columns of hidden states, heads or feed-forward layers. */
export const width = z
  .int()
  .min(1)
  .max(2 ** 20);
export const layers = z.int().min(1).max(1000);
export const heads = z
  .int()
  .min(1)
  .max(2 ** 16);
/** Positions of a sequence. */
export const length = z
  .int()
  .min(1)
  .max(2 ** 31);
/** Rows of a stored table of positions or token types. */
export const rows = z
  .int()
  .min(1)
  .max(2 ** 24);
export const epsilon = z.number().min(0).max(1);
export const positive = z.number().positive();
const id = z
  .int()
  .min(0)
  .max(2 ** 31);

/** The id of a token; the first of several; null where there is none. */
export const tokenId = z
  .union([
    id,
    z
      .array(id)
      .min(1)
      .transform((ids) => ids[0] as number),
  ])
  .nullable();

/** Null is no bound; what a missing key means differs from family to family. */
export const cap = positive.nullable();
export const window = length.nullable();

/** The library's names of activations; some differ just in how they are computed. */
const ACTIVATIONS = {
  silu: "silu",
  swish: "silu",
  gelu: "gelu",
  gelu_python: "gelu",
  gelu_new: "gelu-tanh",
  gelu_fast: "gelu-tanh",
  gelu_accurate: "gelu-tanh",
  gelu_pytorch_tanh: "gelu-tanh",
  gelu_python_tanh: "gelu-tanh",
  quick_gelu: "quick-gelu",
  relu: "relu",
  relu2: "relu-squared",
} as const satisfies Record<string, Activation>;

export const activation = z
  .enum(Object.keys(ACTIVATIONS) as (keyof typeof ACTIVATIONS)[])
  .transform((name): Activation => ACTIVATIONS[name]);

/** A feature that is refused when a config asks for it. */
export const absent = z.literal(false).nullish();

/**
 * What the decoder of an encoder–decoder model begins every text with.
 * @param ids the id that the config names for it, and those that stand for it in its absence
 * @throws RevocabError `bad_config` where there is none
 */
export function startTokenOf(ids: readonly (number | null | undefined)[], place: ConfigPlace): number {
  const start = ids.find((each) => typeof each === "number");
  if (typeof start === "number") return start;
  throw badConfig(place, "decoder_start_token_id", ids[0], "expected the token that every text begins with");
}

/** Which layers see all positions, and which those near by. */
export const layerTypes = z.array(z.enum(["full_attention", "sliding_attention"])).max(1000);
export type LayerType = z.output<typeof layerTypes>[number];

/** Types of layers that see what is near by, but those that `isFull` names. */
export function slidingBut(isFull: (layer: number) => boolean, layers: number): LayerType[] {
  return Array.from({ length: layers }, (_, i) => (isFull(i) ? "full_attention" : "sliding_attention"));
}

/** How a hidden state is divided into heads. */
export interface AttentionShape {
  readonly width: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headWidth: number;
}

/**
 * Fills in what a config leaves out: as many heads for keys as for queries, and heads that share the width.
 * @throws RevocabError `bad_config` when heads cannot be shared out
 */
export function attentionShape(
  config: {
    readonly hidden_size: number;
    readonly num_attention_heads: number;
    readonly num_key_value_heads?: number | null | undefined;
    readonly head_dim?: number | null | undefined;
  },
  place: ConfigPlace,
): AttentionShape {
  const { hidden_size: width, num_attention_heads: heads } = config;
  const keyValueHeads = config.num_key_value_heads ?? heads;
  const headWidth = config.head_dim ?? width / heads;
  if (!Number.isInteger(headWidth)) {
    throw badConfig(place, "hidden_size", width, `expected a multiple of the ${heads} attention heads`);
  }
  if (heads % keyValueHeads !== 0) {
    const expected = `expected a divisor of the ${heads} attention heads`;
    throw badConfig(place, "num_key_value_heads", keyValueHeads, expected);
  }
  return { width, heads, keyValueHeads, headWidth };
}

/**
 * The attention window of each layer by its type: that of sliding layers; none for those that see all positions.
 * @param types one per layer, or what to take where the config does not say
 * @throws RevocabError `bad_config` when there is not one type per layer, or no window for a sliding layer
 */
export function layerWindows(
  types: readonly LayerType[],
  layers: number,
  window: number | null,
  place: ConfigPlace,
): readonly { readonly window?: number }[] {
  if (types.length !== layers) {
    throw badConfig(place, "layer_types", types, `expected one type for each of the ${layers} layers`);
  }
  return types.map((type, i) => {
    if (type === "full_attention") return {};
    if (window === null) {
      throw badConfig(place, `layer_types.${i}`, type, "expected full_attention, for there is no window");
    }
    return { window };
  });
}
