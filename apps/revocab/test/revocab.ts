import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const command = join(repository, "apps/revocab/bin/revocab.js");

export const FIXTURE_MODELS = join(repository, "packages/checkpoint/test/fixtures/models");

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A script of `preload/` that runs before the command does. */
  readonly preload?: string;
  /** Most files that it may have open. */
  readonly openFiles?: number;
  readonly onStart?: (child: ChildProcess) => void;
  /** Sees each piece of stderr as it comes. */
  readonly onStderr?: (text: string, child: ChildProcess) => void;
}

/** Runs the command as a user does: a process of its own, its output in pipes. */
export function revocab(
  args: readonly string[],
  { env, preload, openFiles, onStart, onStderr }: RunOptions = {},
): Promise<Finished> {
  const before = preload ? ["--import", new URL(`preload/${preload}`, import.meta.url).href] : [];
  const line = [process.execPath, ...before, command, ...args];
  const limited =
    openFiles === undefined ? line : ["sh", "-c", `ulimit -n ${openFiles}; exec "$@"`, "sh", ...line];
  const child = spawn(limited[0] as string, limited.slice(1), {
    env: { ...process.env, FORCE_COLOR: undefined, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onStart?.(child);
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    onStderr?.(text, child);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Exactly one message and one hint, no stack; `stderr` of a --quiet run. */
export function expectOneFailure({ stderr }: Finished, message: RegExp): void {
  expect(stderr).toMatch(/^revocab: \S.*\n {2}→ \S.*\n$/);
  expect(stderr).toMatch(message);
}
