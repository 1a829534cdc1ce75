import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { quote, RevocabError } from "@revocab/core";
import { parseJson } from "@revocab/files";
import type { RenamedToken } from "@revocab/vocabulary";

/**
 * Refuses to rename a token that a processor's config names (`"image_token": "<image>"`): the processor would put the old
 * name into texts, where it is no token any more.
 * @throws RevocabError `bad_options`
 */
export async function refuseNamedElsewhere(
  directory: string,
  renamed: readonly RenamedToken[],
): Promise<void> {
  if (renamed.length === 0) return;
  const files = (await readdir(directory)).filter((name) => /processor_config\.json$/.test(name));
  for (const file of files) {
    const path = join(directory, file);
    const config = parseJson(await readFile(path, "utf8"), { origin: path, code: "bad_config" });
    const strings = stringsIn(config);
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
