import { type Job, RevocabError, showJson } from "@revocab/core";
import { removeUnfinished } from "@revocab/files/internal";
import { renderText, type TextDocument } from "@revocab/report-document";
import type { Command } from "commander";
import { asFailure, isUsage, printFailure } from "./failure.ts";
import { inFlags } from "./in-flags.ts";
import { progressRenderer } from "./progress.ts";
import { requireRuntime } from "./require-runtime.ts";

/** What a command's work gets: a signal that Ctrl-C raises, where progress goes, and how models are run. */
export interface CommandContext {
  readonly job: Job;
  /** Raised by the first Ctrl-C, of work that can end with what it has. */
  readonly finishSignal?: AbortSignal | undefined;
}

export interface RunOptions {
  /** The work has nothing to clean up, and ends at the first Ctrl-C. @default false */
  readonly readsOnly?: boolean;
  /** The first Ctrl-C asks the work to end with what it has; a second one stops it. @default false */
  readonly canFinish?: boolean;
  /** The work runs a model, so it does not begin without a runtime. @default false */
  readonly runsModel?: boolean;
}

/**
 * Runs a command's work and shows its result on stdout: as a document in text, or as JSON with --json. Control characters other
 * than line ends are escaped in both.
 *
 * Exit codes: 0 done, 1 failed, 2 wrong usage.
 *
 * The first Ctrl-C raises the signal. Work that has not stopped within a second is killed, as any work is at a second
 * Ctrl-C; its unfinished files are removed. A commit to the Hub is waited for ({@link finishBeforeExit}). A command that
 * only reads has nothing to clean up and ends at the first Ctrl-C. Before all that, work that can finish is asked to, once.
 */
export async function runCommand<Result>(
  command: Command,
  work: (context: CommandContext) => Promise<Result>,
  present: (result: Result) => TextDocument,
  { readsOnly = false, canFinish = false, runsModel = false }: RunOptions = {},
): Promise<void> {
  const {
    json = false,
    quiet = false,
    threads,
    memory,
    device,
    dtype,
  } = command.optsWithGlobals<
    { json?: boolean; quiet?: boolean } & Pick<Job, "threads" | "memory" | "device" | "dtype">
  >();
  const abort = new AbortController();
  const finish = new AbortController();
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
    if (canFinish && !finish.signal.aborted) {
      finish.abort();
      progress.onProgress({ type: "note", step: "stopped", message: FINISHING });
      return;
    }
    if (abort.signal.aborted) return endProcess(exitCode);
    const reason = new RevocabError("aborted", "stopped; nothing was written", {
      hint: "run the command again to start over",
    });
    abort.abort(reason);
    // not cleared when the work is over: a thread may still keep the process alive
    setTimeout(() => {
      if (finishing > 0) return;
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
    if (runsModel) await requireRuntime(progress.onProgress);
    if (device !== undefined) await checkDevice(device, dtype);
    const result = await work({
      finishSignal: canFinish ? finish.signal : undefined,
      job: { abortSignal: abort.signal, onProgress: progress.onProgress, threads, memory, device, dtype },
    });
    if (isOver) return;
    isOver = true;
    exitCode = 0;
    progress.close();
    process.stdout.write(json ? `${showJson(result)}\n` : shown(present(result)));
  } catch (error) {
    if (!isOver) fail(abort.signal.aborted ? withMore(error, abort.signal.reason) : error);
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

/** On a terminal lines are broken at its width; elsewhere each stays whole, for programs that look for one. */
function shown(document: TextDocument): string {
  return renderText(document, {
    width: process.stdout.isTTY ? process.stdout.columns : undefined,
    words: inFlags,
  });
}

const FINISHING = "what is done is kept and written; Ctrl-C again ends without writing anything";

/** Before a model is downloaded, opened and read for a device that is not there. */
async function checkDevice(device: string, dtype: Job["dtype"] = "f32"): Promise<void> {
  const { requireDevice } = await import("@revocab/onnx/internal");
  await requireDevice(device, dtype);
}

/**
 * What to report of a stopped command: the stop itself, or an error that quotes it and adds something, such as where the
 * model is that was not published.
 */
function withMore(error: unknown, reason: RevocabError): unknown {
  return error instanceof RevocabError && error.message.includes(reason.message) ? error : reason;
}

/** Work that checks its signal stops in a few ms; with this limit a command ends within a second of Ctrl-C. */
const PATIENCE_MS = 800;

/** Of work that did not stop in time. Its last step removes an old output, so the new one may already be there. */
const ENDED = new RevocabError(
  "aborted",
  "stopped in the middle of a step; what was not finished is removed",
  { hint: "if the output is not there, run the command again to start over" },
);

/** Ends the process in the middle of its work, without the unfinished files. */
function endProcess(exitCode: number): void {
  removeUnfinished();
  if (!isWaitedFor()) process.exit(exitCode);
  // without listeners the signal ends the process, as it does any program
  process.removeAllListeners("SIGINT");
  process.kill(process.pid, "SIGINT");
}

/**
 * Whether a thread waits for a file or for DNS. `process.exit` would wait for that thread, and forever where a disk does
 * not answer.
 */
function isWaitedFor(): boolean {
  return process.getActiveResourcesInfo().some((name) => /^(FSReq|GetAddrInfo|GetNameInfo)/i.test(name));
}

let finishing = 0;

/**
 * Runs work whose effect elsewhere would be unknown if it were killed, such as a commit to the Hub: the first Ctrl-C only
 * raises its signal, however long it takes; a second one kills it.
 */
export async function finishBeforeExit<Result>(work: () => Promise<Result>): Promise<Result> {
  finishing++;
  try {
    return await work();
  } finally {
    finishing--;
  }
}

/** What a user types for a command: `revocab vectors train`. */
export function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}
