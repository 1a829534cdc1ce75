import { RevocabError, showText } from "@revocab/core";
import type { RepositoryFile } from "./list-repository.ts";

/**
 * Refuses files that could not lie side by side in a folder of every system under the names they have: there they would be
 * something else, or one would be read in place of the other.
 * @throws RevocabError `hub_failed`, which names one
 */
export function checkNames(repository: string, files: readonly RepositoryFile[]): void {
  /** Name as systems that fold case and compose characters take it → as it is listed; folders too. */
  const taken = new Map<string, string>();
  const paths = new Set(files.map(({ path }) => path));
  for (const path of paths) {
    const parts = path.split("/");
    const unfit = parts.find(
      (part) => DEVICE.test(part) || NOT_ON_WINDOWS.test(part) || Buffer.byteLength(part) > LONGEST_NAME,
    );
    if (unfit !== undefined) throw refused(repository, path, "whose name is none on every system");
    for (let i = 1; i <= parts.length; i++) {
      const listed = parts.slice(0, i).join("/");
      const folded = listed.normalize("NFC").toLowerCase();
      const other = taken.get(folded);
      const isFolder = i < parts.length;
      // the same name for a file and a folder differs here by the slash
      const marked = isFolder ? `${listed}/` : listed;
      if (other !== undefined && other !== marked) {
        throw refused(
          repository,
          path,
          `beside ${showText(other, 200)}, which some systems take for the same`,
        );
      }
      taken.set(folded, marked);
    }
  }
}

/** Devices of Windows, whatever the ending. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$/i;
/** A colon names a stream of a file there; dots and spaces at the end are dropped. */
const NOT_ON_WINDOWS = /[<>:"|?*]|[. ]$/;
const LONGEST_NAME = 255;

function refused(repository: string, path: string, why: string): RevocabError {
  return new RevocabError("hub_failed", `the Hub lists ${showText(path, 200)} for ${repository}, ${why}`, {
    hint: "have the file renamed, or download the repository by hand and give the folder",
  });
}
