import type {
  Activation,
  AttentionDescription,
  DenseDescription,
  LinearDescription,
  NormDescription,
} from "../description.ts";
import type { AttentionShape } from "./read-config.ts";

/** Makes a norm of the tensors whose names begin with `name`. */
export type MakeNorm = (name: string, width: number, epsilon: number) => NormDescription;

/** torch's Linear: `name.weight` and, where it has one, `name.bias`. */
export function linear(
  name: string,
  [inputs, outputs]: readonly [number, number],
  hasBias: boolean,
): LinearDescription {
  return { weight: `${name}.weight`, ...(hasBias && { bias: `${name}.bias` }), inputs, outputs };
}

export function rmsNorm(name: string, width: number, epsilon: number): NormDescription {
  return { kind: "rms", width, epsilon, weight: `${name}.weight` };
}

/** Gemma's: what is stored is how far the weight is from one. */
export function rmsNormPlusOne(name: string, width: number, epsilon: number): NormDescription {
  return { ...rmsNorm(name, width, epsilon), weightPlusOne: true };
}

export function layerNorm(name: string, width: number, epsilon: number, hasBias: boolean): NormDescription {
  return {
    kind: "layer",
    width,
    epsilon,
    weight: `${name}.weight`,
    ...(hasBias && { bias: `${name}.bias` }),
  };
}

export const layerNormWithBias: MakeNorm = (name, width, epsilon) => layerNorm(name, width, epsilon, true);
export const layerNormWithoutBias: MakeNorm = (name, width, epsilon) =>
  layerNorm(name, width, epsilon, false);

/** What every feed-forward layer needs to know besides the names of its tensors. */
export interface FeedForwardShape {
  /** d */
  readonly width: number;
  readonly inner: number;
  readonly activation: Activation;
  /** @default false */
  readonly hasBias?: boolean;
}

/** Names of the matrices of a gated layer. */
export interface GatedNames {
  readonly gate: string;
  readonly up: string;
  readonly down: string;
}
const GATED: GatedNames = { gate: "gate_proj", up: "up_proj", down: "down_proj" };

/** act(x · Gᵀ) ∘ (x · Uᵀ) · Dᵀ */
export function gatedLayer(
  name: string,
  { width, inner, activation, hasBias = false }: FeedForwardShape,
  { gate, up, down }: GatedNames = GATED,
): DenseDescription {
  return {
    kind: "gated",
    gate: linear(`${name}.${gate}`, [width, inner], hasBias),
    up: linear(`${name}.${up}`, [width, inner], hasBias),
    down: linear(`${name}.${down}`, [inner, width], hasBias),
    activation,
  };
}

/** act(x · Uᵀ) · Dᵀ */
export function plainLayer(
  name: string,
  { width, inner, activation, hasBias = false }: FeedForwardShape,
  [up, down]: readonly [string, string],
): DenseDescription {
  return {
    kind: "plain",
    up: linear(`${name}.${up}`, [width, inner], hasBias),
    down: linear(`${name}.${down}`, [inner, width], hasBias),
    activation,
  };
}

/** The names of an attention's four matrices. */
export type AttentionNames = Readonly<Record<"query" | "key" | "value" | "output", string>>;

/** Attention of four matrices, [d × d] each. */
export function squareAttention(
  { width, heads, keyValueHeads, headWidth }: AttentionShape,
  names: AttentionNames,
  hasBias = true,
): AttentionDescription {
  const { output, ...projection } = projections(names, [width, width], hasBias);
  return {
    heads,
    keyValueHeads,
    headWidth,
    projection: { kind: "separate", ...projection },
    output,
    scale: 1 / Math.sqrt(headWidth),
  };
}

/** Queries, keys and values of `inner` columns for all heads together, from states of `width` columns, and the way back. */
export function projections(
  { query, key, value, output }: AttentionNames,
  [width, inner]: readonly [number, number],
  hasBias: boolean,
): Readonly<Record<keyof AttentionNames, LinearDescription>> {
  return {
    query: linear(query, [width, inner], hasBias),
    key: linear(key, [width, inner], hasBias),
    value: linear(value, [width, inner], hasBias),
    output: linear(output, [inner, width], hasBias),
  };
}
