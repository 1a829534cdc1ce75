import { RevocabError, showJson } from "@revocab/core";
import { removeUnfinished } from "@revocab/files";
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
 * Exit code 0 done, 1 failed, 2 wrong usage. The first Ctrl-C stops the work cleanly; work that has not stopped within a
 * second, and any work at a second Ctrl-C, is ended, and what it has not finished removed. A command that only reads has
 * nothing to clean up and ends at the first.
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
  let isOver = false;
  const fail = (error: unknown) => {
    isOver = true;
    progress.close();
    const failure = asFailure(error, fullName(command));
    printFailure(failure, json);
    process.exitCode = isUsage(failure) ? 2 : 1;
  };
  const interrupt = () => {
    if (abort.signal.aborted) return endProcess();
    const reason = new RevocabError("aborted", "stopped; nothing was written", {
      hint: "run the command again to start over",
    });
    abort.abort(reason);
    // it is not cleared: work may be over while a thread still holds up the end of the process
    setTimeout(() => {
      if (!isOver) fail(reason);
      endProcess();
    }, PATIENCE_MS).unref();
    if (!readsOnly) return;
    fail(reason);
    if (!isWaitedFor()) process.exit();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    const result = await work({ abortSignal: abort.signal, onProgress: progress.onProgress });
    if (isOver) return;
    progress.close();
    process.stdout.write(json ? `${showJson(result)}\n` : forTerminal(print(result)));
  } catch (error) {
    if (!isOver) fail(abort.signal.aborted ? abort.signal.reason : error);
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

/** Work that listens to its signal stops in a few ms; with this, a command ends within a second of Ctrl-C. */
const PATIENCE_MS = 800;

/** Ends the process in the middle of its work. */
function endProcess(): void {
  removeUnfinished();
  if (!isWaitedFor()) process.exit(1);
  // without listeners the signal does what it does to any program
  process.removeAllListeners("SIGINT");
  process.kill(process.pid, "SIGINT");
}

/**
 * Whether a thread waits for a file or a name's address: `process.exit` would wait for it too, for a disk that does not
 * answer for ever.
 */
function isWaitedFor(): boolean {
  return process.getActiveResourcesInfo().some((name) => /^(FSReq|GetAddrInfo|GetNameInfo)/i.test(name));
}
