import type { LinearDescription, NormDescription } from "../description.ts";

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
