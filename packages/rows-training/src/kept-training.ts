import {
  type KeptTraining,
  loadTraining,
  loadTrainingText,
  type NamedMatrix,
  notThisTraining,
  saveTraining,
} from "@revocab/checkpoint/internal";
import { parseJson } from "@revocab/files";
import type { Learner } from "./learner.ts";

/** Where a training is between two steps, besides its matrices. */
export interface TrainingPosition {
  /** As many batches of the text were read. */
  readonly steps: number;
  readonly tokens: number;
  readonly seconds: number;
  /** Bits per byte of the held-out part: before the first step, and of the best rows. */
  readonly before: number;
  readonly bestStep: number;
  readonly best: number;
  /** How often in a row it has been worse. */
  readonly worse: number;
  /** See `Training`; null before the first step. */
  readonly ratio: number | null;
  /** When it was scored last. */
  readonly measuredProgress: number;
  readonly measuredTokens: number;
}

/** The kind and the version of a file. */
export const KEPT_FORMAT = "revocab-rows-training-1";

/**
 * Everything of the learners that the next step depends on, and the best rows: of each table `SLOT`, `SLOT.first` and `SLOT.second` (the
 * moments of AdamW) and `SLOT.best`, all [R × d].
 */
export function matricesOf(learners: readonly Learner[], best: readonly Float32Array[]): NamedMatrix[] {
  return learners.flatMap(({ slot, table: { ids, columns, learning }, adam }, i) =>
    [
      { name: slot, data: learning },
      { name: `${slot}.first`, data: adam.means },
      { name: `${slot}.second`, data: adam.squares },
      { name: `${slot}.best`, data: best[i] },
    ].map((matrix) => ({ ...matrix, rows: ids.length, columns })),
  );
}

/**
 * Writes a training to a file, whole or not at all.
 * @param documents kept with it @default none
 * @throws RevocabError `write_failed`, `no_space`
 */
export function keepTraining(
  path: string,
  training: KeptTraining,
  position: TrainingPosition,
  documents?: readonly string[],
): Promise<void> {
  return saveTraining(path, training, position, documents && JSON.stringify(documents));
}

/**
 * Fills the matrices from a file that {@link keepTraining} wrote.
 * @returns undefined where there is no such file
 * @throws RevocabError `bad_safetensors`; `bad_options` for a file of another training
 */
export async function findTraining(
  path: string,
  training: KeptTraining,
): Promise<TrainingPosition | undefined> {
  const found = await loadTraining(path, training);
  if (found === undefined) return undefined;
  const { ratio, ...numbers } = found as unknown as TrainingPosition;
  const areNumbers = NUMBERS.every((name) => Number.isFinite(numbers[name]) && numbers[name] >= 0);
  const { steps, bestStep } = numbers;
  const areSteps = Number.isInteger(steps) && steps <= MOST_STEPS && bestStep <= steps;
  if (areNumbers && areSteps && (ratio === null || Number.isFinite(ratio))) return { ratio, ...numbers };
  throw notThisTraining(path, "the position of the training in it cannot be read");
}

const NUMBERS = [
  "steps",
  "tokens",
  "seconds",
  "before",
  "bestStep",
  "best",
  "worse",
  "measuredProgress",
  "measuredTokens",
] as const;
/** The batches before them are drawn again, which takes a moment for each million. */
const MOST_STEPS = 1e8;

/**
 * The documents that are kept with a training.
 * @returns undefined where there is no such file
 * @throws RevocabError `bad_safetensors`; `bad_options` for a file that is no training, or has no documents
 */
export async function keptDocuments(path: string): Promise<readonly string[] | undefined> {
  const text = await loadTrainingText(path, KEPT_FORMAT);
  if (text === undefined) return undefined;
  const documents = parseJson(text, { origin: path, code: "bad_options" });
  if (Array.isArray(documents) && documents.every((one) => typeof one === "string")) return documents;
  throw notThisTraining(path, "its text is no list of documents");
}
