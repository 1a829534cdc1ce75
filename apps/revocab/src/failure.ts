import { RevocabError, type RevocabErrorCode, showJson, showLine } from "@revocab/core";
import { inStyle } from "./colors.ts";
import { inFlags } from "./in-flags.ts";
import { forTerminal, linesFor } from "./terminal.ts";

/** A failure as it is printed: what was found and expected, and what to do. */
export interface Failure {
  readonly code?: RevocabErrorCode;
  readonly message: string;
  readonly hint?: string;
  /** Of a fault in revocab itself. */
  readonly stack?: string;
}

/** Codes of errors in the arguments of a command: exit code 2. */
const USAGE_CODES: ReadonlySet<RevocabErrorCode> = new Set(["bad_options", "needs_untie", "unknown_method"]);

/** A RevocabError has a code and a hint, a system error a reason; anything else is a fault of revocab and keeps its stack. */
export function asFailure(error: unknown, command: string): Failure {
  if (error instanceof RevocabError) {
    const { code } = error;
    const hint = error.hint ?? (USAGE_CODES.has(code) ? usageHint(command) : undefined);
    return { code, message: inFlags(error.message), hint: hint && inFlags(hint) };
  }
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (error instanceof Error && code && syscall) {
    return {
      message: error.message,
      hint:
        SYSTEM_HINTS[code] ??
        `the system refused this${path === undefined ? "" : ` for ${path}`}; look at the disk and its permissions`,
    };
  }
  return {
    message: `unexpected failure: ${error instanceof Error ? error.message : String(error)}`,
    hint: "this is a fault of revocab: please report it with the lines below",
    stack: error instanceof Error ? error.stack : undefined,
  };
}

/** 2 for wrong usage, 1 for what failed. */
export function exitCodeOf({ code }: Failure): number {
  return code !== undefined && USAGE_CODES.has(code) ? 2 : 1;
}

export function usageHint(command: string): string {
  return `run ${command} --help for its options, revocab methods for the methods and theirs`;
}

/** Prints a failure: two lines on stderr, and with --json one value on stdout. */
export function printFailure(failure: Failure, json: boolean): void {
  const { message, hint, stack } = failure;
  if (json) process.stdout.write(`${showJson({ error: failure })}\n`);
  const [first = "", ...more] = linesFor(process.stderr, `revocab: ${showLine(message, LONGEST)}`, "  ");
  const lines = [first.replace(/^revocab:/, (name) => inStyle("red", name, process.stderr)), ...more];
  if (hint) lines.push(...linesFor(process.stderr, `  → ${showLine(hint, LONGEST)}`, "    "));
  process.stderr.write(lines.map((line) => `${line}\n`).join(""));
  if (stack) process.stderr.write(`${forTerminal(stack)}\n`);
}

/** Messages of the system contain paths of up to 4,096 bytes. */
const LONGEST = 5000;

const SYSTEM_HINTS: Readonly<Record<string, string>> = {
  EACCES: "check the permissions of this path",
  EPERM: "check the permissions of this path",
  EROFS: "this disk can only be read: choose another path",
  ENOENT: "check the path",
  ENOSPC: "free space on that disk, or choose another path",
  EMFILE: "too many files are open: raise the limit (ulimit -n)",
};
