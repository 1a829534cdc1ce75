import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { followVocabulary, type JsonObject } from "@revocab/checkpoint";
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
    const known = new Set(before && idsBeyond(before, modelType, source.rows).paths);
    const { paths, count } = idsBeyond(written, modelType, rows);
    const wrong = paths.filter((path) => !known.has(path));
    if (wrong.length > 0) {
      throw gateFailed(`${file} names ids beyond the ${rows} rows: ${wrong.join(", ")}`);
    }
    named += count;
  }
  return { name: "configs", detail: `${named} token ids in them, all with a row` };
}

/** The keys of ids that have no row, and how many ids are named at all. */
function idsBeyond(json: JsonObject, modelType: string, rows: number) {
  let count = 0;
  const { changes, unmapped } = followVocabulary({
    json,
    modelType,
    sourceRows: rows,
    rows,
    tokenIds: {
      isExact: true,
      byRole: () => undefined,
      byOldId(id) {
        count++;
        return id < rows ? id : undefined;
      },
      kindOf: () => undefined,
    },
  });
  return { paths: [...changes, ...unmapped].map(({ path }) => path), count };
}

async function readJson(path: string): Promise<JsonObject | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as JsonObject;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
