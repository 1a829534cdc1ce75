import type { MixtureMethod, TokenId } from "@revocab/core";
import { MixtureBuilder } from "@revocab/matrix";
import { z } from "zod";
import { type MethodEntry, methodEntry } from "./method-entry.ts";

/**
 * Each token that both vocabularies have keeps its source row, moved as bytes; other tokens get no row.
 *
 * The alignment decides which tokens are the same: by equal bytes for text, equal role, then equal string, for specials.
 * A special that opens texts in one role and closes them in another may have a head row of its own
 * (`Alignment.headSourceOf`); a tied model has one row and takes the input's.
 * @see https://arxiv.org/abs/2402.09977 (the part of FVT that it shares with every method here)
 */
export function copyOverlap(): MixtureMethod {
  return {
    kind: "mixture",
    name: "copy-overlap",
    weights: "convex",
    differsByRole: false,
    options: {},
    async prepare({ alignment: { sourceOf, headSourceOf } }) {
      const headSource = (token: TokenId) => headSourceOf?.get(token) ?? sourceOf[token];
      return {
        mixture(tokens, { role }) {
          const builder = new MixtureBuilder();
          for (const token of tokens) {
            const source = role === "output" ? headSource(token) : sourceOf[token];
            if (source < 0) builder.addEmpty();
            else builder.addRow([source], [1]);
          }
          return builder.build();
        },
      };
    },
  };
}

export const copyOverlapEntry: MethodEntry = methodEntry("copy-overlap", {
  summary: "Each token that both vocabularies have keeps its source row, bit for bit.",
  evidence: "the two tokenizers",
  copiesShared: true,
  options: z.object({}),
  variants: [],
  create: copyOverlap,
});
