import { createHash } from "node:crypto";
import {
  loadTraining as load,
  type NamedMatrix,
  notThisTraining,
  saveTraining as save,
  type TrainingRecipe,
} from "@revocab/checkpoint/internal";
import type { AdamMatrix } from "./adam.ts";
import type { NumberedCorpus } from "./corpus.ts";
import type { Cw2vModel } from "./model.ts";

/** The state of a training besides its matrices. */
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

/** Every matrix that a training needs to be resumed. @param best copies of the factors at the best epoch, if they are kept */
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

/** In the metadata of its file. */
const FORMAT = "revocab-cw2v-1";

/**
 * Writes a training to a safetensors file; the file before it stays until the new one is complete.
 * @throws RevocabError `write_failed`, `no_space`
 */
export function saveTraining(
  path: string,
  recipe: TrainingRecipe,
  position: TrainingPosition,
  matrices: readonly NamedMatrix[],
): Promise<void> {
  return save(path, { format: FORMAT, recipe, matrices }, position);
}

/**
 * Fills the matrices from a file that {@link saveTraining} wrote.
 * @returns undefined when there is no such file
 * @throws RevocabError `bad_safetensors`; `bad_options` when the file belongs to another training
 */
export async function loadTraining(
  path: string,
  recipe: TrainingRecipe,
  matrices: readonly NamedMatrix[],
): Promise<TrainingPosition | undefined> {
  const found = await load(path, { format: FORMAT, recipe, matrices });
  return found === undefined ? undefined : parsePosition(path, found);
}

function parsePosition(path: string, found: Readonly<Record<string, unknown>>): TrainingPosition {
  const { epoch, batch, step, lossSum, lossPairs, losses, heldOutLosses } = found;
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
  const isLosses = (value: unknown) => Array.isArray(value) && value.every((loss) => Number.isFinite(loss));
  if (
    ![epoch, batch, step, lossPairs].every(isCount) ||
    !Number.isFinite(lossSum) ||
    !isLosses(losses) ||
    !isLosses(heldOutLosses)
  ) {
    throw notThisTraining(path, "the position of the training in it cannot be read");
  }
  return { epoch, batch, step, lossSum, lossPairs, losses, heldOutLosses } as TrainingPosition;
}

/** Hashes of what a training learns from: the text as tokens, the tokens that both vocabularies have, and the source's rows. */
export function fingerprint(
  { mixtures }: Cw2vModel,
  { participants, training, heldOut }: NumberedCorpus,
): Readonly<Record<string, string>> {
  const { tokens, sources } = participants;
  const rows = new Set(mixtures.flatMap(({ tables }) => tables.map(({ bytes }) => bytes)));
  return {
    text: hashOf([training.tokens, training.offsets, heldOut.tokens, heldOut.offsets]),
    tokens: hashOf([tokens, sources]),
    embeddings: hashOf([...rows]),
  };
}

function hashOf(parts: readonly (Uint8Array | Uint32Array | Int32Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
    for (let at = 0; at < bytes.length; at += MOST) hash.update(bytes.subarray(at, at + MOST));
  }
  return hash.digest("hex");
}

/** A hash takes less than 2 GiB at once. */
const MOST = 1 << 30;
