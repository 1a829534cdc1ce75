import type { Matrix, MixtureMethod, TokenId } from "@revocab/core";
import { MixtureBuilder } from "@revocab/matrix";
import { tokenStream } from "./token-stream.ts";
import { usedRowMoments } from "./used-row-moments.ts";

export interface SpecialsApartOptions {
  /** The new specials, each with its source counterpart, if any, whose row gets the noise. */
  readonly tokens: ReadonlyMap<TokenId, TokenId | undefined>;
  /** The share of the covariance that the noise has. @default 1e-5 */
  readonly epsilon?: number;
}

/**
 * Each new special becomes the row of its counterpart, else the mean of all used source rows, plus a draw from N(0, ε·Σ): the
 * model could not tell two specials with equal rows apart, neither at the input nor at the head.
 *
 * Departure from Hewitt's method: Σ, which takes V·d² steps, is not computed. Σᵢ gᵢ·(xᵢ − μ)·√(ε/m) over m used rows xᵢ
 * taken at random, with gᵢ normal, has the covariance ε·Σ too, and is a sum of old rows. ε is 1e-5 as in his note: bfloat16
 * rounds the reference library's 1e-9 away.
 * @see https://nlp.stanford.edu/~johnhew/vocab-expansion.html
 */
export function specialsApart({ tokens, epsilon = 1e-5 }: SpecialsApartOptions): MixtureMethod {
  return {
    kind: "mixture",
    name: NAME,
    paper: "https://nlp.stanford.edu/~johnhew/vocab-expansion.html",
    weights: "signed",
    differsByRole: false,
    options: { epsilon },
    async prepare(context) {
      const { vocabulary } = context.source;
      const used = Array.from({ length: vocabulary.size }, (_, id) => id).filter(
        (id) => vocabulary.kindOf(id) !== "unused",
      );
      const means = new Map<string, Matrix>();
      for (const table of context.source.tables) {
        const { mean } = await usedRowMoments(context, table);
        means.set(table.slot, { rows: 1, columns: mean.length, data: Float32Array.from(mean) });
      }
      return {
        mixture(wanted, table) {
          const builder = new MixtureBuilder();
          for (const token of wanted) {
            if (!tokens.has(token)) {
              builder.addEmpty();
              continue;
            }
            const stream = tokenStream(context.seed, token, NAME, table);
            const base = tokens.get(token) ?? table.matrix.rows;
            const weightOf = new Map<number, number>([[base, 1]]);
            const add = (row: number, weight: number) => weightOf.set(row, (weightOf.get(row) ?? 0) + weight);
            for (let i = 0; i < DRAWN; i++) {
              const weight = stream.normal() * Math.sqrt(epsilon / DRAWN);
              add(used[Math.floor(stream.uniform() * used.length)], weight);
              add(table.matrix.rows, -weight);
            }
            builder.addRow([...weightOf.keys()], [...weightOf.values()]);
          }
          return builder.build();
        },
        basis: ({ slot }) => means.get(slot)!,
      };
    },
  };
}

const NAME = "specials-apart";

/** Rows in one draw: few, so that the mixture stays small. */
const DRAWN = 256;

/** Whether a method of a recipe was added automatically for new specials. */
export function isSpecialsApart({ name }: { readonly name: string }): boolean {
  return name === NAME;
}
