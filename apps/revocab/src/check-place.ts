import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { RevocabError } from "@revocab/core";

/**
 * Checks the place of a file to write before the work, which can take hours.
 * @throws RevocabError `output_exists`, `write_failed`
 */
export function checkPlace(out: string, force: boolean): void {
  if (existsSync(out) && !force) {
    throw new RevocabError("output_exists", `${out} exists already`, {
      hint: "choose another --out, or pass --force to replace it",
    });
  }
  if (!existsSync(dirname(out))) {
    throw new RevocabError("write_failed", `there is no folder ${dirname(out)} to write ${out} in`, {
      hint: "make the folder, or check the path",
    });
  }
}
