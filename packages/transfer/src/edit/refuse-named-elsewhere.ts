import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { MAX_JSON_BYTES } from "@revocab/checkpoint/internal";
import { quote, RevocabError } from "@revocab/core";
import { type InputFolder, parseJson } from "@revocab/files";
import type { RenamedToken } from "@revocab/vocabulary-editing";

/**
 * Refuses to rename a token that a processor's config names (`"image_token": "<image>"`): the processor would put the old
 * name into texts, where it is no token any more.
 * @throws RevocabError `bad_options`
 */
export async function refuseNamedElsewhere(
  folder: InputFolder,
  renamed: readonly RenamedToken[],
): Promise<void> {
  if (renamed.length === 0) return;
  const files = (await readdir(folder.path)).filter((name) => /processor_config\.json$/.test(name));
  for (const file of files) {
    const bytes = await folder.read(file, { most: MAX_JSON_BYTES });
    const origin = join(folder.path, file);
    const strings = stringsIn(parseJson(bytes.toString("utf8"), { origin, code: "bad_config" }));
    const named = renamed.find(({ from }) => strings.has(from));
    if (named === undefined) continue;
    throw new RevocabError(
      "bad_options",
      `${quote(named.from)} cannot be renamed: ${file} names it, and its processor would go on writing it`,
      { hint: "rename another token, or change that file in a copy of the model first" },
    );
  }
}

function stringsIn(value: unknown, found: Set<string> = new Set()): Set<string> {
  if (typeof value === "string") found.add(value);
  else if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) stringsIn(inner, found);
  }
  return found;
}
