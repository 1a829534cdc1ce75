import { stat } from "node:fs/promises";
import { buildHeader, readExactly, readSafetensorsHeader } from "@revocab/checkpoint";
import { quote, RevocabError, showText } from "@revocab/core";
import { ifThere, openFile, parseJson, replaceFile } from "@revocab/files";
import type { NamedMatrix, TrainingPosition } from "./training-state.ts";

/** What a training depends on, by name; two of the same recipe go through the same numbers. */
export type TrainingRecipe = Readonly<Record<string, string | number>>;

const FORMAT = "revocab-cw2v-1";

/**
 * Writes a training to a safetensors file, which is whole at any time.
 * @throws RevocabError `write_failed`, `no_space`
 */
export async function saveTraining(
  path: string,
  recipe: TrainingRecipe,
  position: TrainingPosition,
  matrices: readonly NamedMatrix[],
): Promise<void> {
  const header = buildHeader(
    matrices.map(({ name, rows, columns, data }) => ({
      name,
      dtype: "F32",
      shape: [rows, columns],
      length: data.byteLength,
    })),
    { format: FORMAT, recipe: JSON.stringify(recipe), position: JSON.stringify(position) },
  );
  await replaceFile(path, async (write) => {
    await write(header);
    for (const { data } of matrices) await write(bytesOf(data));
  });
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
  if ((await ifThere(path, stat(path))) === undefined) return undefined;
  const { metadata, tensors } = await readSafetensorsHeader(path);
  if (metadata?.format !== FORMAT) {
    throw misfit(path, `it says it is ${quote(metadata?.format ?? null)}, not ${FORMAT}`);
  }
  const differences = differencesOf(parseObject(path, metadata.recipe), recipe);
  if (differences.length > 0) throw misfit(path, differences.join("; "));
  const handle = await openFile(path);
  try {
    for (const { name, rows, columns, data } of matrices) {
      const entry = tensors.find((tensor) => tensor.name === name);
      const fits = entry?.dtype === "F32" && entry.shape[0] === rows && entry.shape[1] === columns;
      if (entry === undefined || !fits || entry.shape.length !== 2) {
        const found = entry === undefined ? "is not there" : `is ${entry.dtype} [${entry.shape}]`;
        throw misfit(path, `its ${name} ${found}, expected F32 [${rows},${columns}]`);
      }
      await readExactly(handle, bytesOf(data), entry.start, path);
    }
  } finally {
    await handle.close();
  }
  return parsePosition(path, parseObject(path, metadata.position));
}

function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function differencesOf(found: Readonly<Record<string, unknown>>, expected: TrainingRecipe): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])];
  return names
    .filter((name) => found[name] !== expected[name])
    .map((name) => `its ${name} is ${quote(found[name])}, here it is ${String(expected[name])}`);
}

function parseObject(path: string, text: unknown): Record<string, unknown> {
  try {
    const value = parseJson(String(text), { origin: path, code: "bad_options" });
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // said below, as for any other text
  }
  throw misfit(path, "what it says of itself cannot be read");
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
    throw misfit(path, "where the training stood cannot be read");
  }
  return { epoch, batch, step, lossSum, lossPairs, losses, heldOutLosses } as TrainingPosition;
}

function misfit(path: string, why: string): RevocabError {
  return new RevocabError("bad_options", `${showText(path)} is no checkpoint of this training: ${why}`, {
    hint: "name another file as the checkpoint, or remove this one to begin again",
  });
}
