import type { Checkpoint, CheckpointTable } from "@revocab/checkpoint";
import { BYTES_PER_VALUE, RevocabError, type StoredMatrix } from "@revocab/core";
import type { TableConstant } from "./graph/build-head.ts";
import type { Weights } from "./weights.ts";

/** The tables of a model that depend on its vocabulary: the model's own, or others tried in their place. */
export interface ModelTables {
  /** [V × d] */
  readonly input: StoredMatrix;
  /** [V × d]; the input table itself where the model is tied. */
  readonly output: StoredMatrix;
  /** [V × 1] */
  readonly bias?: StoredMatrix;
}

/** @throws RevocabError `unsupported_checkpoint` when the model has no language-model head */
export function tablesOf({ tables, tied, directory, modelType }: Checkpoint): ModelTables {
  const bySlot = new Map(tables.map((table) => [table.slot, table.matrix]));
  const input = bySlot.get("input") as StoredMatrix;
  const output = bySlot.get("output") ?? (tied ? input : undefined);
  if (output === undefined) {
    throw new RevocabError(
      "unsupported_checkpoint",
      `${directory} (${modelType}) has no language-model head, so it predicts no tokens`,
      { hint: "use the checkpoint of the causal or masked language model" },
    );
  }
  const bias = bySlot.get("output.bias");
  return { input, output, ...(bias && { bias }) };
}

/** A table as a constant of a graph: where it lies in the model's files, or else its bytes in memory. */
export async function tableConstant(
  matrix: StoredMatrix,
  name: string,
  { tables }: Checkpoint,
  weights: Weights,
): Promise<{ constant: TableConstant; buffer?: Uint8Array }> {
  const { rows, columns, dtype } = matrix;
  const own = tables.find((table) => table.matrix === matrix);
  const place = own && placeOf(own, weights);
  if (place !== undefined) return { constant: { rows, columns, dtype, content: place } };
  const buffer = matrix.bytes ?? (await readAll(matrix));
  const content = { location: name, offset: 0, length: buffer.length };
  return { constant: { rows, columns, dtype, content }, buffer };
}

function placeOf({ tensors, matrix }: CheckpointTable, weights: Weights) {
  const { entry } = tensors[0];
  const length = matrix.rows * matrix.columns * BYTES_PER_VALUE[matrix.dtype];
  const location = weights.locationOf(entry.name);
  return location === undefined ? undefined : { location, offset: entry.start, length };
}

async function readAll(matrix: StoredMatrix): Promise<Uint8Array> {
  const bytes = new Uint8Array(matrix.rows * matrix.columns * BYTES_PER_VALUE[matrix.dtype]);
  await matrix.readRows(0, matrix.rows, bytes);
  return bytes;
}
