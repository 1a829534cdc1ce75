import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RevocabError } from "@revocab/core";
import { isJsonObject, parseJson } from "./json.ts";

/** One step of a sentence-transformers model. */
export interface SentenceModule {
  /** Its folder inside the model's; "" for the one whose files lie in the model's folder itself. */
  readonly path: string;
  /** The Python class. */
  readonly type: string;
}

/** The modules that `modules.json` lists, in their order; none where there is no such file. */
export async function sentenceModules(directory: string): Promise<readonly SentenceModule[]> {
  const path = join(directory, "modules.json");
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return [];
  const modules = parseJson(text, path, "bad_config", HINT);
  if (
    !Array.isArray(modules) ||
    !modules.every((entry) => isJsonObject(entry) && typeof entry.path === "string")
  ) {
    throw new RevocabError("bad_config", `${path} is no list of modules with a path each`, {
      hint: HINT,
    });
  }
  return modules.map(({ path, type }) => ({
    path: path.replace(/^\.?\/|\/$/g, ""),
    type: String(type ?? ""),
  }));
}

const HINT = "restore the file as sentence-transformers wrote it, or remove it";
