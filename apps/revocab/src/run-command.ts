import { RevocabError, showJson } from "@revocab/core";
import type { Command } from "commander";
import { asFailure, isUsage, printFailure } from "./failure.ts";
import { forTerminal } from "./for-terminal.ts";
import { fullName } from "./full-name.ts";
import { type ProgressRenderer, progressRenderer } from "./progress.ts";

/** What a command's work gets: a signal that Ctrl-C raises, and where progress goes. */
export interface CommandContext {
  readonly abortSignal: AbortSignal;
  readonly onProgress: ProgressRenderer["onProgress"];
}

/**
 * Runs a command's work and prints its result: text on stdout, or JSON with --json. Neither lets a control character
 * through but line ends.
 * Exit code 0 done, 1 failed, 2 wrong usage. The first Ctrl-C stops the work cleanly, a second one at once; a
 * command that only reads has nothing to clean up and stops at the first.
 */
export async function runCommand<Result>(
  command: Command,
  work: (context: CommandContext) => Promise<Result>,
  print: (result: Result) => string,
  { readsOnly = false }: { readsOnly?: boolean } = {},
): Promise<void> {
  const { json = false, quiet = false } = command.optsWithGlobals<{ json?: boolean; quiet?: boolean }>();
  const abort = new AbortController();
  const progress = progressRenderer(process.stderr, { quiet });
  const fail = (error: unknown) => {
    progress.close();
    const failure = asFailure(error, fullName(command));
    printFailure(failure, json);
    process.exitCode = isUsage(failure) ? 2 : 1;
  };
  const interrupt = () => {
    if (abort.signal.aborted) process.exit(1);
    const reason = new RevocabError("aborted", "stopped; nothing was written", {
      hint: "run the command again to start over",
    });
    abort.abort(reason);
    if (!readsOnly) return;
    fail(reason);
    process.exit();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    const result = await work({ abortSignal: abort.signal, onProgress: progress.onProgress });
    progress.close();
    process.stdout.write(json ? `${showJson(result)}\n` : forTerminal(print(result)));
  } catch (error) {
    fail(abort.signal.aborted ? abort.signal.reason : error);
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}
