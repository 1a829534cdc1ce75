import type { MixtureMethod } from "@revocab/core";
import { MixtureBuilder } from "@revocab/matrix";
import { z } from "zod";
import { type MethodEntry, methodEntry } from "./method-entry.ts";

/**
 * Each new token becomes a row of zeros. It is taken by name only: a zero head row scores a logit of 0 everywhere, which
 * beats every old token whose logit is negative.
 *
 * The zeros are a basis row of weight 1, because an empty row is left to the next method. They lie outside the
 * convex hull of E, hence `signed`.
 */
export function zero(): MixtureMethod {
  return {
    kind: "mixture",
    name: "zero",
    weights: "signed",
    differsByRole: false,
    coversAll: true,
    options: {},
    async prepare() {
      return {
        mixture(tokens, { matrix }) {
          const builder = new MixtureBuilder();
          for (let i = 0; i < tokens.length; i++) builder.addRow([matrix.rows], [1]);
          return builder.build();
        },
        basis: ({ matrix: { columns } }) => ({ rows: 1, columns, data: new Float32Array(columns) }),
      };
    },
  };
}

export const zeroEntry: MethodEntry = methodEntry("zero", {
  summary: "Each new token becomes a row of zeros.",
  evidence: "none",
  coversAll: true,
  options: z.object({}),
  variants: [],
  create: zero,
});
