import { isAbsolute, join } from "node:path";
import { quote, RevocabError } from "@revocab/core";
import type { InputFolder } from "@revocab/files";
import { isJsonObject, MAX_JSON_BYTES, parseJson } from "./json.ts";

/** One step of a sentence-transformers model. */
export interface SentenceModule {
  /** Its folder inside the model's; "" for the one whose files lie in the model's folder itself. */
  readonly path: string;
  /** The Python class. */
  readonly type: string;
}

/**
 * The modules that `modules.json` lists, in their order; none where there is no such file.
 * @throws RevocabError `bad_config` when it is no such list, or names a path outside the folder
 */
export async function sentenceModules(folder: InputFolder): Promise<readonly SentenceModule[]> {
  const bytes = await folder.readIfThere("modules.json", { most: MAX_JSON_BYTES });
  if (bytes === undefined) return [];
  const path = join(folder.path, "modules.json");
  const modules = parseJson(bytes.toString("utf8"), path, "bad_config", HINT);
  if (
    !Array.isArray(modules) ||
    !modules.every((entry) => isJsonObject(entry) && typeof entry.path === "string")
  ) {
    throw new RevocabError("bad_config", `${path} is no list of modules with a path each`, { hint: HINT });
  }
  return modules.map(({ path: place, type }) => {
    const relative = place.replace(/^\.?\/|\/$/g, "");
    if (relative.split(/[/\\]/).includes("..") || isAbsolute(relative)) {
      throw new RevocabError(
        "bad_config",
        `${path} names the module ${quote(place)}, expected a path inside the folder`,
        { hint: HINT },
      );
    }
    return { path: relative, type: String(type ?? "") };
  });
}

const HINT = "restore the file as sentence-transformers wrote it, or remove it";
