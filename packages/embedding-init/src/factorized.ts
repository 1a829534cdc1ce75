import type { EmbeddingTable, InitContext, Matrix, MixtureMethod, PreparedMixture } from "@revocab/core";
import { MixtureBuilder } from "@revocab/matrix";
import { type Axes, leadingAxes } from "./leading-axes.ts";
import { projectedRows } from "./projected-rows.ts";

/**
 * A method's rows as they are when E is factorized first: E ≈ U·P, U [V_s × r], P [r × d] the r leading right singular
 * vectors of the used rows, and the new row is Σ w_i · (U_i·P) = (Σ w_i · U_i)·P, the projection of Σ w_i · E_i.
 *
 * It is a mixture of the rows of P, which the plan carries as basis rows: r weights a row, where dense rows would be d
 * numbers. Nothing is left to read in them, though: a row is no longer made of tokens. A table of at most r columns is left
 * as it is, so a head bias keeps the method's own weights.
 *
 * @param method of rows over E alone, without a basis of its own
 * @param rank r
 */
export function factorized(method: MixtureMethod, rank: number): MixtureMethod {
  return {
    ...method,
    weights: "signed",
    options: { ...method.options, rank },
    prepare: async (context) => onLeadingAxes(await method.prepare(context), rank, context),
  };
}

async function onLeadingAxes(
  method: PreparedMixture,
  rank: number,
  context: InitContext,
): Promise<PreparedMixture> {
  const { tables } = context.source;
  const wide = tables.filter(({ matrix }) => matrix.columns > rank);
  const factored = new Map<string, Factored>();
  for (const table of wide) factored.set(table.slot, await factor(context, method, table, rank));
  return {
    mixture(tokens, table) {
      const known = factored.get(table.slot);
      if (known === undefined) return method.mixture(tokens, table);
      const builder = new MixtureBuilder();
      const basis = Array.from({ length: rank }, (_, axis) => table.matrix.rows + axis);
      for (const token of tokens) {
        if (known.isEmpty(token)) builder.addEmpty();
        else builder.addRow(basis, known.weights.data.subarray(token * rank, (token + 1) * rank));
      }
      return builder.build();
    },
    basis: ({ slot, matrix }) =>
      factored.get(slot)?.axes ?? { rows: 0, columns: matrix.columns, data: new Float32Array() },
  };
}

interface Factored {
  /** P [r × d] */
  readonly axes: Matrix;
  /** [V_t × r] Σ w_i · U_i */
  readonly weights: Matrix;
  isEmpty(token: number): boolean;
}

async function factor(
  context: InitContext,
  method: PreparedMixture,
  table: EmbeddingTable,
  rank: number,
): Promise<Factored> {
  const { axes, share }: Axes = await leadingAxes(context, table, rank);
  const { size } = context.target.vocabulary;
  const mixture = method.mixture(
    Uint32Array.from({ length: size }, (_, id) => id),
    table,
  );
  context.onProgress?.({
    type: "note",
    step: "factorize",
    message: `${rank} of ${table.matrix.columns} dimensions hold ${(100 * share).toFixed(1)} % of the squares of ${table.slot}`,
  });
  return {
    axes,
    weights: await projectedRows({ mixture, axes, rows: table.matrix, abortSignal: context.abortSignal }),
    isEmpty: (token) => mixture.offsets[token] === mixture.offsets[token + 1],
  };
}
