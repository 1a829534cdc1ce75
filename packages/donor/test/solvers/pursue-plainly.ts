import type { Matrix } from "@revocab/core";
import { MixtureBuilder, selectRows } from "@revocab/matrix";
import { minimumNormWeights } from "../../src/solvers/minimum-norm-weights.ts";
import type { Pursue } from "../../src/solvers/sparse-basis.ts";

/** Orthogonal matching pursuit by its definition: after each pick all coefficients are solved for. */
export const pursuePlainly: Pursue = async (targets, atoms, k) => {
  const builder = new MixtureBuilder();
  for (let row = 0; row < targets.rows; row++) {
    const target = targets.data.slice(row * targets.columns, (row + 1) * targets.columns);
    const picks: number[] = [];
    let weights = new Float64Array(0);
    let residual = Float64Array.from(target);
    while (picks.length < k) {
      picks.push(largest(atoms, residual, picks));
      const chosen = selectRows(atoms, picks);
      weights = Float64Array.from(await minimumNormWeights(chosen, target));
      residual = Float64Array.from(target);
      for (let i = 0; i < chosen.data.length; i++) {
        residual[i % chosen.columns] -= weights[Math.floor(i / chosen.columns)] * chosen.data[i];
      }
    }
    builder.addRow(picks, weights);
  }
  return builder.build();
};

function largest({ rows, columns, data }: Matrix, residual: Float64Array, picks: readonly number[]): number {
  let best = -1;
  let most = -1;
  for (let i = 0; i < rows; i++) {
    const size = Math.abs(residual.reduce((sum, value, j) => sum + value * data[i * columns + j], 0));
    if (size > most && !picks.includes(i)) {
      best = i;
      most = size;
    }
  }
  return best;
}
