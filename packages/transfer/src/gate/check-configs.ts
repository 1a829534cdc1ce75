import { join } from "node:path";
import type { JsonObject } from "@revocab/checkpoint";
import { listTokenIds, MAX_JSON_BYTES } from "@revocab/checkpoint/internal";
import { InputFolder, parseJson } from "@revocab/files";
import { type GateCheck, gateFailed } from "./gate-check.ts";

const FILES = ["config.json", "generation_config.json"];

/**
 * Every token id in the written configs must have a row. An id that had none in the source model (a placeholder for pictures
 * beyond its vocabulary) needs none.
 * @throws RevocabError `gate_failed`
 */
export async function checkWrittenIds({
  directory,
  modelType,
  rows,
  source,
}: {
  readonly directory: string;
  readonly modelType: string;
  readonly rows: number;
  readonly source: { readonly folder: InputFolder; readonly rows: number };
}): Promise<GateCheck> {
  const output = new InputFolder(directory);
  let named = 0;
  for (const file of FILES) {
    const written = await readJson(output, file);
    if (written === undefined) continue;
    const before = await readJson(source.folder, file);
    const known = new Set(before && listTokenIds(before, modelType, source.rows).beyond);
    const { ids, beyond } = listTokenIds(written, modelType, rows);
    const wrong = beyond.filter((path) => !known.has(path));
    if (wrong.length > 0) {
      throw gateFailed(`${file} names ids beyond the ${rows} rows: ${wrong.join(", ")}`);
    }
    named += ids.length;
  }
  return { name: "configs", detail: `${named} token ids in them, all with a row` };
}

async function readJson(folder: InputFolder, file: string): Promise<JsonObject | undefined> {
  const bytes = await folder.readIfThere(file, { most: MAX_JSON_BYTES });
  if (bytes === undefined) return undefined;
  const origin = join(folder.path, file);
  return parseJson(bytes.toString("utf8"), { origin, code: "bad_config" }) as JsonObject;
}
