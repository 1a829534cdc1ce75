import { RevocabError, showText } from "@revocab/core";

/**
 * What a look at a path finds (`stat`, `lstat`, `readdir`, …), or undefined where nothing is there. What is there and
 * cannot be looked at is never taken for missing.
 * @throws RevocabError `bad_file`
 */
export async function ifThere<Found>(path: string, look: Promise<Found>): Promise<Found | undefined> {
  try {
    return await look;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (MISSING.has(code ?? "")) return undefined;
    throw new RevocabError("bad_file", `${showText(path)} cannot be read (${code})`, {
      hint: "check the path, and that it may be read",
      cause,
    });
  }
}

/** Nothing can have a name that is too long. */
const MISSING: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ENAMETOOLONG"]);
