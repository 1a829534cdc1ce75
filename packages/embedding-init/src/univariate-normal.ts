import type { RowMethod } from "@revocab/core";
import type { ColumnMoments } from "@revocab/matrix";
import { z } from "zod";
import { type MethodEntry, methodEntry } from "./method-entry.ts";
import { tokenStream } from "./token-stream.ts";
import { usedRowMoments } from "./used-row-moments.ts";

/**
 * Each new token becomes a draw from N(μ_j, σ_j²) in each dimension j, with the mean and the population variance of the
 * used source rows: the scale of the old rows in a random direction. The fallback of WECHSEL.
 *
 * Departure: rows of holes and padding do not count. A head bias is drawn from the statistics of the biases.
 * @see https://arxiv.org/abs/2112.06598
 */
export function univariateNormal(): RowMethod {
  return {
    kind: "rows",
    name: "univariate-normal",
    paper: "https://arxiv.org/abs/2112.06598",
    differsByRole: false,
    coversAll: true,
    options: {},
    async prepare(context) {
      const moments = new Map<string, ColumnMoments>();
      for (const table of context.source.tables)
        moments.set(table.slot, await usedRowMoments(context, table));
      return {
        rows(tokens, table) {
          const { mean, variance } = moments.get(table.slot)!;
          const columns = mean.length;
          const deviation = variance.map(Math.sqrt);
          const data = new Float32Array(tokens.length * columns);
          tokens.forEach((token, row) => {
            const stream = tokenStream(context.seed, token, "univariate-normal", table);
            for (let j = 0; j < columns; j++) {
              data[row * columns + j] = mean[j] + deviation[j] * stream.normal();
            }
          });
          return { rows: tokens.length, columns, data };
        },
      };
    },
  };
}

export const univariateNormalEntry: MethodEntry = methodEntry("univariate-normal", {
  summary:
    "Each new token becomes a draw with the mean and variance the used source rows have in each dimension.",
  paper: "https://arxiv.org/abs/2112.06598",
  evidence: "none",
  coversAll: true,
  options: z.object({}),
  create: univariateNormal,
});
