import { RevocabError, showMessage, showText } from "@revocab/core";

/** The error to throw for one that came up while `path` was written; errors of ours pass as they are. */
export function writeError(path: string, cause: unknown): RevocabError {
  if (cause instanceof RevocabError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new RevocabError("no_space", `no space left while writing ${showText(path)}`, {
      hint: "free space on that disk, or choose another output folder",
      cause,
    });
  }
  if (code === "ENAMETOOLONG") {
    return new RevocabError("write_failed", `cannot write ${showText(path)}: its name is too long`, {
      hint: "choose a name of at most 200 bytes: what is written lies beside it under a longer one until it is whole",
      cause,
    });
  }
  return new RevocabError("write_failed", `cannot write ${showText(path)}: ${showMessage(message)}`, {
    hint: "check that the folder exists and may be written to",
    cause,
  });
}
