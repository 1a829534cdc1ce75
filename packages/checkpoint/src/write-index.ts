import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeError } from "@revocab/files/internal";
import { formatJson, isJsonObject, type JsonObject } from "./json.ts";
import type { Checkpoint } from "./open-checkpoint.ts";
import type { PlannedOutput } from "./plan-output.ts";
import { INDEX_NAME } from "./weight-files.ts";

/** Writes the index of a sharded model with its new total size and the tensors that were added; returns its bytes. */
export async function writeIndex(
  out: string,
  checkpoint: Checkpoint,
  planned: PlannedOutput,
): Promise<number> {
  const path = join(out, INDEX_NAME);
  const text = formatJson(newIndex(checkpoint.index!, checkpoint, planned));
  await writeFile(path, text, { flag: "wx" }).catch((cause: unknown) => {
    throw writeError(path, cause);
  });
  return Buffer.byteLength(text);
}

function newIndex(
  index: JsonObject,
  checkpoint: Checkpoint,
  { files, tables, added }: PlannedOutput,
): JsonObject {
  const metadata = isJsonObject(index.metadata) ? index.metadata : {};
  const size = files.reduce(
    (sum, file) => sum + file.bytes - (file.header?.length ?? file.source.dataStart),
    0,
  );
  const newValues = tables.reduce((sum, table) => sum + table.rows * table.columns * table.targets.length, 0);
  const oldValues = checkpoint.tables
    .flatMap((table) => table.tensors)
    .reduce((sum, tensor) => sum + tensor.rows * tensor.columns, 0);
  const parameters = metadata.total_parameters;
  const counts =
    typeof parameters === "number" ? { total_parameters: parameters + newValues - oldValues } : {};
  return {
    ...index,
    metadata: { ...metadata, ...counts, total_size: size },
    weight_map: Object.fromEntries([...Object.entries(index.weight_map as JsonObject), ...added]),
  };
}
