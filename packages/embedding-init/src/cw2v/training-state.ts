import type { AdamMatrix } from "./adam.ts";
import type { Cw2vModel } from "./model.ts";

/** How far a training has come, besides its matrices. */
export interface TrainingPosition {
  /** Epochs that are done. */
  epoch: number;
  /** Batches of the epoch after them that are done. */
  batch: number;
  /** Steps of Adam. */
  step: number;
  /** Sum of the losses of the pairs of this epoch, and their number. */
  lossSum: number;
  lossPairs: number;
  /** The mean loss of each epoch that is done. */
  losses: number[];
  /** The mean loss on lines held out, after each epoch. */
  heldOutLosses: number[];
}

export function startOfTraining(): TrainingPosition {
  return {
    epoch: 0,
    batch: 0,
    step: 0,
    lossSum: 0,
    lossPairs: 0,
    losses: [],
    heldOutLosses: [],
  };
}

/** A matrix of a training under the name a checkpoint has it by. */
export interface NamedMatrix {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

/** Every matrix that a training needs to go on. @param best copies of the factors at the best epoch, if they are kept */
export function matricesOf(model: Cw2vModel, best: readonly Float32Array[] = []): NamedMatrix[] {
  const factors = factorsOf(model);
  return [
    ...factors.flatMap(({ name, matrix: { rows, columns, data, first, second } }) => [
      { name, rows, columns, data },
      { name: `${name}.first`, rows, columns, data: first },
      { name: `${name}.second`, rows, columns, data: second },
    ]),
    ...best.map((data, i) => {
      const { name, matrix } = factors[i];
      return { name: `${name}.best`, rows: matrix.rows, columns: matrix.columns, data };
    }),
  ];
}

/** A₁ and A₂ of each mixture. */
export function factorsOf({ mixtures }: Cw2vModel): { readonly name: string; readonly matrix: AdamMatrix }[] {
  return mixtures.flatMap(({ a1, a2 }, i) => {
    const role = i === 0 ? "input" : "output";
    return [
      { name: `${role}.a1`, matrix: a1 },
      { name: `${role}.a2`, matrix: a2 },
    ];
  });
}
