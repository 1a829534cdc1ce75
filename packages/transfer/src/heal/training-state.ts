import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { RevocabError, showText } from "@revocab/core";
import { ifThere, writeError } from "@revocab/files/internal";
import { overlaps } from "../swap/stage-output.ts";

export interface StatePlace {
  /** The file that a training is kept in. */
  readonly state: string;
  readonly out: string;
  /** Folders and files that must stay untouched. */
  readonly inputs: readonly string[];
}

/**
 * Refuses a file to keep a training in before any work is done.
 * @throws RevocabError `bad_options` where it lies in `out` or in one of the inputs, or is one; `bad_file` for what is no file;
 *   `write_failed` where none can be written
 */
export async function checkStatePlace({ state, out, inputs }: StatePlace): Promise<void> {
  for (const [what, path] of [["output", out] as const, ...inputs.map((path) => ["input", path] as const)]) {
    if (!(await overlaps(state, path))) continue;
    throw new RevocabError(
      "bad_options",
      `\`state\` ${showText(state)} overlaps the ${what} ${showText(path)}`,
      {
        hint: "give as `state` a file outside the models and the text",
      },
    );
  }
  const found = await ifThere(state, stat(state));
  if (found !== undefined && !found.isFile()) {
    throw new RevocabError(
      "bad_file",
      `\`state\` ${showText(state)}: found no regular file, expected one or none`,
      {
        hint: "give as `state` the path of a file",
      },
    );
  }
  await access(dirname(resolve(state)), constants.W_OK).catch((cause: unknown) => {
    throw writeError(state, cause);
  });
}
