import { stat } from "node:fs/promises";
import { quote, RevocabError, showText } from "@revocab/core";
import { openFile, parseJson, replaceFile } from "@revocab/files";
import { ifThere } from "@revocab/files/internal";
import { readExactly } from "./file-source.ts";
import { buildHeader, readSafetensorsHeader, type SafetensorsFile } from "./safetensors-header.ts";

/** A matrix of a training under its name in the file. */
export interface NamedMatrix {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

/** What a training depends on, by name; two trainings with the same recipe compute the same numbers. */
export type TrainingRecipe = Readonly<Record<string, string | number>>;

/** A training that is kept in a file between two steps, as far as it is known before the file is read. */
export interface KeptTraining {
  /** Of which kind and version it is; a file of another one is refused. */
  readonly format: string;
  readonly recipe: TrainingRecipe;
  /** Every matrix that it needs to go on. */
  readonly matrices: readonly NamedMatrix[];
}

/** A text that is kept with a training, and the most of it that is read back. */
const TEXT = "text";
const MAX_TEXT_BYTES = 2 ** 28;

/**
 * Writes a training to a safetensors file. The file before it stays until the new one is whole and on the disk.
 * @param position numbers of the training besides its matrices
 * @param text kept with it, in UTF-8 @default none
 * @throws RevocabError `write_failed`, `no_space`
 */
export async function saveTraining(
  path: string,
  { format, recipe, matrices }: KeptTraining,
  position: object,
  text?: string,
): Promise<void> {
  const textBytes = text === undefined ? undefined : new TextEncoder().encode(text);
  const header = buildHeader(
    [
      ...matrices.map(({ name, rows, columns, data }) => ({
        name,
        dtype: "F32",
        shape: [rows, columns],
        length: data.byteLength,
      })),
      ...(textBytes === undefined
        ? []
        : [{ name: TEXT, dtype: "U8", shape: [textBytes.length], length: textBytes.length }]),
    ],
    { format, recipe: JSON.stringify(recipe), position: JSON.stringify(position) },
  );
  await replaceFile(
    path,
    async (write) => {
      await write(header);
      for (const { data } of matrices) await write(bytesOf(data));
      if (textBytes !== undefined) await write(textBytes);
    },
    { isDurable: true },
  );
}

/**
 * Fills the matrices from a file that {@link saveTraining} wrote.
 * @returns the position; undefined when there is no such file
 * @throws RevocabError `bad_safetensors`; `bad_options` when the file belongs to another training
 */
export async function loadTraining(
  path: string,
  { format, recipe, matrices }: KeptTraining,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const file = await openTraining(path, format);
  if (file === undefined) return undefined;
  const { metadata, tensors } = file;
  const differences = differencesOf(parseObject(path, metadata?.recipe), recipe);
  if (differences.length > 0) throw notThisTraining(path, differences.join("; "));
  const handle = await openFile(path);
  try {
    for (const { name, rows, columns, data } of matrices) {
      const entry = tensors.find((tensor) => tensor.name === name);
      const fits = entry?.dtype === "F32" && entry.shape[0] === rows && entry.shape[1] === columns;
      if (entry === undefined || !fits || entry.shape.length !== 2) {
        const found = entry === undefined ? "is not there" : `is ${entry.dtype} [${entry.shape}]`;
        throw notThisTraining(path, `its ${name} ${found}, expected F32 [${rows},${columns}]`);
      }
      await readExactly(handle, bytesOf(data), entry.start, path);
    }
  } finally {
    await handle.close();
  }
  return parseObject(path, metadata?.position);
}

/**
 * The text that is kept with a training.
 * @returns undefined when there is no such file
 * @throws RevocabError `bad_safetensors`; `bad_options` for a file that is no training of this format, or has no text
 */
export async function loadTrainingText(path: string, format: string): Promise<string | undefined> {
  const file = await openTraining(path, format);
  if (file === undefined) return undefined;
  const entry = file.tensors.find(({ name }) => name === TEXT);
  const size = entry === undefined ? 0 : entry.end - entry.start;
  if (entry === undefined || size > MAX_TEXT_BYTES) {
    const found = entry === undefined ? "no text" : `a text of ${size} bytes`;
    throw notThisTraining(path, `it has ${found}, expected one of at most ${MAX_TEXT_BYTES} bytes`);
  }
  const bytes = new Uint8Array(size);
  const handle = await openFile(path);
  try {
    await readExactly(handle, bytes, entry.start, path);
  } finally {
    await handle.close();
  }
  return new TextDecoder().decode(bytes);
}

async function openTraining(path: string, format: string): Promise<SafetensorsFile | undefined> {
  if ((await ifThere(path, stat(path))) === undefined) return undefined;
  const file = await readSafetensorsHeader(path).catch((error: unknown) => {
    if (!(error instanceof RevocabError) || error.code !== "bad_safetensors") throw error;
    throw new RevocabError(error.code, error.message, { hint: BEGIN_AGAIN, cause: error });
  });
  const found = file.metadata?.format ?? null;
  if (found === format) return file;
  throw notThisTraining(path, `its format is ${quote(found)}, not ${format}`);
}

function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function differencesOf(found: Readonly<Record<string, unknown>>, expected: TrainingRecipe): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])];
  const shown = (value: unknown) => (value === undefined ? "not there" : quote(value));
  return names
    .filter((name) => found[name] !== expected[name])
    .map((name) => `its ${showText(name, 40)} is ${shown(found[name])}, here it is ${shown(expected[name])}`);
}

function parseObject(path: string, text: unknown): Record<string, unknown> {
  try {
    const value = parseJson(String(text), { origin: path, code: "bad_options" });
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // the error below names the file, as for other values
  }
  throw notThisTraining(path, "its metadata cannot be read");
}

const BEGIN_AGAIN = "name another file, or remove this one to begin again";

/** The error for a file that a training cannot go on from. */
export function notThisTraining(path: string, why: string): RevocabError {
  return new RevocabError("bad_options", `${showText(path)} is no checkpoint of this training: ${why}`, {
    hint: BEGIN_AGAIN,
  });
}
