import { RevocabError, type RevocabErrorCode, showMessage, showText } from "@revocab/core";

/**
 * Runs code that reads a foreign file. An unexpected failure (a stack overflow, a list that is too long, a value of
 * another type) becomes an error that names the file, with the failure as its cause.
 * @throws RevocabError `code`; errors of ours and of the system pass as they are
 */
export async function namingFile<Result>(
  path: string,
  code: RevocabErrorCode,
  read: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    throw asFileError(path, code, error);
  }
}

/** The error to throw for one that came up while a foreign file was read; see {@link namingFile}. */
export function asFileError(path: string, code: RevocabErrorCode, error: unknown): unknown {
  if (error instanceof RevocabError || isOfSystem(error)) return error;
  const found = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new RevocabError(
    code,
    `${showText(path)}: reading it failed unexpectedly with ${showMessage(found)}`,
    {
      hint: "download the file again from where it was published; if it is whole, report this as a fault of revocab, with the file",
      cause: error,
    },
  );
}

function isOfSystem(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return (
    error instanceof Error && (error.name === "AbortError" || (code !== undefined && syscall !== undefined))
  );
}
