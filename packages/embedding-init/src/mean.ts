import type { Matrix, MixtureMethod } from "@revocab/core";
import { MixtureBuilder } from "@revocab/matrix";
import { z } from "zod";
import { type MethodEntry, methodEntry } from "./method-entry.ts";
import { usedRowMoments } from "./used-row-moments.ts";

/**
 * Each new token becomes the mean of all used source rows: all new tokens get the same row.
 *
 * Departure from the usual `E.mean(0)`: rows of holes and padding do not count.
 * @see https://nlp.stanford.edu/~johnhew/vocab-expansion.html
 */
export function mean(): MixtureMethod {
  return {
    kind: "mixture",
    name: "mean",
    paper: "https://nlp.stanford.edu/~johnhew/vocab-expansion.html",
    weights: "convex",
    differsByRole: false,
    coversAll: true,
    isStandIn: true,
    options: {},
    async prepare(context) {
      const means = new Map<string, Matrix>();
      for (const table of context.source.tables) {
        const { mean } = await usedRowMoments(context, table);
        means.set(table.slot, { rows: 1, columns: mean.length, data: Float32Array.from(mean) });
      }
      return {
        mixture(tokens, { matrix }) {
          const builder = new MixtureBuilder();
          for (let i = 0; i < tokens.length; i++) builder.addRow([matrix.rows], [1]);
          return builder.build();
        },
        basis: ({ slot }) => means.get(slot)!,
      };
    },
  };
}

export const meanEntry: MethodEntry = methodEntry("mean", {
  summary: "Each new token becomes the mean of all used source rows; all new tokens get the same row.",
  paper: "https://nlp.stanford.edu/~johnhew/vocab-expansion.html",
  evidence: "none",
  coversAll: true,
  isStandIn: true,
  basis: "mean of the used rows",
  options: z.object({}),
  create: mean,
});
