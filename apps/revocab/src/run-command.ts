import { RevocabError, type RevocabErrorCode } from "@revocab/core";
import type { Command } from "commander";
import { type ProgressRenderer, progressRenderer } from "./progress.ts";

/** What a command's work gets: a signal that Ctrl-C raises, and where progress goes. */
export interface CommandContext {
  readonly abortSignal: AbortSignal;
  readonly onProgress: ProgressRenderer["onProgress"];
}

/** Failures of how the command was called, not of what it found. */
const USAGE_CODES: ReadonlySet<RevocabErrorCode> = new Set(["bad_options", "needs_untie", "unknown_method"]);

/**
 * Runs a command's work and prints its result: text on stdout, or JSON with --json.
 * Exit code 0 done, 1 failed, 2 wrong usage. The first Ctrl-C stops the work cleanly, a second one at once.
 */
export async function runCommand<Result>(
  command: Command,
  work: (context: CommandContext) => Promise<Result>,
  print: (result: Result) => string,
): Promise<void> {
  const { json = false, quiet = false } = command.optsWithGlobals<{ json?: boolean; quiet?: boolean }>();
  const abort = new AbortController();
  const interrupt = () => {
    if (abort.signal.aborted) process.exit(1);
    abort.abort(new RevocabError("aborted", "stopped; nothing was written"));
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  const progress = progressRenderer(process.stderr, { quiet });
  try {
    const result = await work({ abortSignal: abort.signal, onProgress: progress.onProgress });
    progress.close();
    process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : print(result));
  } catch (error) {
    progress.close();
    const failure = asFailure(error);
    if (json) process.stdout.write(`${JSON.stringify({ error: failure }, null, 2)}\n`);
    process.stderr.write(`revocab: ${failure.message}\n${failure.hint ? `  → ${failure.hint}\n` : ""}`);
    if (failure.stack) process.stderr.write(`${failure.stack}\n`);
    process.exitCode = failure.code !== undefined && USAGE_CODES.has(failure.code) ? 2 : 1;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

/** A failure of ours has a code and a hint; anything else is a fault of revocab and keeps its stack. */
function asFailure(error: unknown): {
  code?: RevocabErrorCode;
  message: string;
  hint?: string;
  stack?: string;
} {
  if (error instanceof RevocabError) {
    return {
      code: error.code,
      message: error.message,
      ...(error.hint !== undefined && { hint: error.hint }),
    };
  }
  const { code, path } = error as NodeJS.ErrnoException;
  if (error instanceof Error && code && path) return { message: error.message };
  if (error instanceof Error && error.stack)
    return { message: `unexpected failure: ${error.message}`, stack: error.stack };
  return { message: `unexpected failure: ${String(error)}` };
}
