import { type Job, RevocabError, showJson } from "@revocab/core";
import { removeUnfinished } from "@revocab/files";
import type { Command } from "commander";
import { isAnswerAwaited } from "./await-answer.ts";
import { asFailure, isUsage, printFailure } from "./failure.ts";
import { forTerminal } from "./for-terminal.ts";
import { fullName } from "./full-name.ts";
import { progressRenderer } from "./progress.ts";

/** What a command's work gets: a signal that Ctrl-C raises, and where progress goes. */
export interface CommandContext {
  readonly job: Job;
}

/**
 * Runs a command's work and prints its result: text on stdout, or JSON with --json. Neither lets a control character
 * through but line ends.
 * Exit code 0 done, 1 failed, 2 wrong usage. The first Ctrl-C stops the work cleanly; work that has not stopped within a
 * second, and any work at a second Ctrl-C, is ended, and what it has not finished removed. A commit that is on its way to
 * the Hub is waited for. A command that only reads has nothing to clean up and ends at the first.
 */
export async function runCommand<Result>(
  command: Command,
  work: (context: CommandContext) => Promise<Result>,
  print: (result: Result) => string,
  { readsOnly = false }: { readsOnly?: boolean } = {},
): Promise<void> {
  const {
    json = false,
    quiet = false,
    threads,
  } = command.optsWithGlobals<{ json?: boolean; quiet?: boolean; threads?: number }>();
  const abort = new AbortController();
  const progress = progressRenderer(process.stderr, { quiet });
  let isOver = false;
  let exitCode = 1;
  const fail = (error: unknown) => {
    isOver = true;
    progress.close();
    const failure = asFailure(error, fullName(command));
    printFailure(failure, json);
    exitCode = isUsage(failure) ? 2 : 1;
    process.exitCode = exitCode;
  };
  const interrupt = () => {
    if (abort.signal.aborted) return endProcess(exitCode);
    const reason = new RevocabError("aborted", "stopped; nothing was written", {
      hint: "run the command again to start over",
    });
    abort.abort(reason);
    // it is not cleared: work may be over while a thread still holds up the end of the process
    setTimeout(() => {
      if (isAnswerAwaited()) return;
      removeUnfinished();
      if (!isOver) fail(ENDED);
      endProcess(exitCode);
    }, PATIENCE_MS).unref();
    if (!readsOnly) return;
    fail(reason);
    if (!isWaitedFor()) process.exit();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    const result = await work({
      job: { abortSignal: abort.signal, onProgress: progress.onProgress, threads },
    });
    if (isOver) return;
    isOver = true;
    exitCode = 0;
    progress.close();
    process.stdout.write(json ? `${showJson(result)}\n` : forTerminal(print(result)));
  } catch (error) {
    if (!isOver) fail(abort.signal.aborted ? withMore(error, abort.signal.reason) : error);
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

/** The reason of the stop, in any disguise, or what tells more than it: where a model is that was not published. */
function withMore(error: unknown, reason: RevocabError): unknown {
  return error instanceof RevocabError && error.message.includes(reason.message) ? error : reason;
}

/** Work that listens to its signal stops in a few ms; with this, a command ends within a second of Ctrl-C. */
const PATIENCE_MS = 800;

/** Of work that did not stop: its last step, the removal of an old output, may have been the one that took so long. */
const ENDED = new RevocabError(
  "aborted",
  "stopped in the middle of a step; what was not finished is removed",
  {
    hint: "if the output is not there, run the command again to start over",
  },
);

/** Ends the process in the middle of its work. */
function endProcess(exitCode: number): void {
  removeUnfinished();
  if (!isWaitedFor()) process.exit(exitCode);
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
