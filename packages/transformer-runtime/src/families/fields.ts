import { z } from "zod";
import type { Activation } from "../description.ts";

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
  relu: "relu",
} as const satisfies Record<string, Activation>;

export const activation = z
  .enum(Object.keys(ACTIVATIONS) as (keyof typeof ACTIVATIONS)[])
  .transform((name): Activation => ACTIVATIONS[name]);

/** A feature that is refused when a config asks for it. */
export const absent = z.literal(false).nullish();

/** Which layers see all positions, and which those near by. */
export const layerTypes = z.array(z.enum(["full_attention", "sliding_attention"])).max(1000);
export type LayerType = z.output<typeof layerTypes>[number];
