import type { RowMethod } from "@revocab/core";
import { z } from "zod";
import { checkOption, type MethodEntry, methodEntry, numberOption } from "./method-entry.ts";
import { tokenStream } from "./token-stream.ts";

export interface RandomOptions {
  /** @default the model's own `initializer_range` */
  readonly standardDeviation?: number;
}

/**
 * Each new token becomes a draw from N(0, s²), as the model was initialized before it was trained; s is the model's
 * `initializer_range`. A head bias becomes 0, as the reference library initializes it.
 * @throws RevocabError bad_options unless the standard deviation is finite and above 0
 */
export function random({ standardDeviation }: RandomOptions = {}): RowMethod {
  if (standardDeviation !== undefined) {
    checkOption("standardDeviation", standardDeviation, standardDeviation > 0, "a number above 0");
  }
  return {
    kind: "rows",
    name: "random",
    differsByRole: false,
    coversAll: true,
    options: standardDeviation === undefined ? {} : { standardDeviation },
    async prepare({ seed, initializerRange }) {
      const scale = standardDeviation ?? initializerRange;
      return {
        rows(tokens, table) {
          const { columns } = table.matrix;
          const data = new Float32Array(tokens.length * columns);
          if (table.isBias) return { rows: tokens.length, columns, data };
          tokens.forEach((token, row) => {
            const stream = tokenStream(seed, token, "random", table);
            for (let j = 0; j < columns; j++) data[row * columns + j] = scale * stream.normal();
          });
          return { rows: tokens.length, columns, data };
        },
      };
    },
  };
}

export const randomEntry: MethodEntry = methodEntry("random", {
  summary: "Each new token becomes a draw from N(0, s²), as before training; a head bias becomes 0.",
  evidence: "none",
  coversAll: true,
  options: z.object({
    standardDeviation: numberOption(z.number().positive().optional())
      .optional()
      .describe("s; without it the model's own initializer_range"),
  }),
  create: ({ standardDeviation }) => random(standardDeviation === undefined ? {} : { standardDeviation }),
});
