import type { LinearDescription } from "@revocab/transformer-runtime";

/** A Linear of torch under its prefix. */
export function linearOf(prefix: string, inputs: number, outputs: number): LinearDescription {
  return { weight: `${prefix}.weight`, bias: `${prefix}.bias`, inputs, outputs };
}
