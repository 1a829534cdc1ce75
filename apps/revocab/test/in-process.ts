import { vi } from "vitest";
import { runProgram } from "../dist/run-program.js";
import type { Finished } from "./revocab.ts";

export interface InProcessOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** No colours, even where the runner of the tests has them. */
const PLAIN = { FORCE_COLOR: undefined, NO_COLOR: "1" };

function setEnvironment(variables: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs the command within this process, without the second that a process of its own takes to load it. For what the
 * command finds, says and writes; what a process does with its streams, signals and exit code needs `revocab`.
 * Calls wait for each other, for a process has one output.
 */
export function inProcess(args: readonly string[], { env = {} }: InProcessOptions = {}): Promise<Finished> {
  const run = last.then(() => runHere(args, env));
  last = run.catch(() => {});
  return run;
}

async function runHere(
  args: readonly string[],
  env: NonNullable<InProcessOptions["env"]>,
): Promise<Finished> {
  const written = { stdout: "", stderr: "" };
  const all = { ...PLAIN, ...env };
  const before = Object.fromEntries(Object.keys(all).map((name) => [name, process.env[name]]));
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  setEnvironment(all);
  process.exitCode = undefined;
  try {
    await runProgram(args);
    return { code: Number(process.exitCode ?? 0), signal: null, ...written };
  } finally {
    process.exitCode = undefined;
    setEnvironment(before);
    for (const spy of spies) spy.mockRestore();
  }
}
