import { join } from "node:path";
import { type JsonObject, listTokenIds, MAX_JSON_BYTES } from "@revocab/checkpoint";
import { InputFolder, parseJson } from "@revocab/files";
import { gateFailed } from "./gate-failed.ts";

const FILES = ["config.json", "generation_config.json"];

/**
 * Every id that the written configs name must have a row. Marks that had none before (an id for pictures beyond the vocabulary)
 * may go on having none.
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
}): Promise<{ readonly name: string; readonly detail: string }> {
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
