import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type JsonObject, listTokenIds } from "@revocab/checkpoint";
import { parseJson } from "@revocab/files";
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
  readonly source: { readonly directory: string; readonly rows: number };
}): Promise<{ readonly name: string; readonly detail: string }> {
  let named = 0;
  for (const file of FILES) {
    const written = await readJson(join(directory, file));
    if (written === undefined) continue;
    const before = await readJson(join(source.directory, file));
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

async function readJson(path: string): Promise<JsonObject | undefined> {
  try {
    return parseJson(await readFile(path, "utf8"), { origin: path, code: "bad_config" }) as JsonObject;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
