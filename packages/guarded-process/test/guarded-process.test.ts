import { fork } from "node:child_process";
import { once } from "node:events";
import { GuardedProcess, ProcessDied, RequestNotSent, RequestRefused } from "@revocab/guarded-process";
import { afterEach, expect, it, vi } from "vitest";

const program = { module: new URL("./program.mjs", import.meta.url), name: "the program", hint: "mend it" };
const allowance = { processorTime: 500, memory: 150 };
let started: GuardedProcess<string, unknown> | undefined;
afterEach(() => started?.end());

function start(module = program.module): GuardedProcess<string, unknown> {
  started = new GuardedProcess<string, unknown>({ ...program, module });
  return started;
}

it("answers one request after another, and refuses one without the others", async () => {
  const guarded = start();
  expect(await guarded.ask("a", allowance)).toEqual({ request: "a" });
  await expect(guarded.ask("fail", allowance)).rejects.toThrow(RequestRefused);
  expect(await guarded.ask("b", allowance)).toEqual({ request: "b" });
  expect(guarded.hasEnded).toBe(false);
});

it.each([
  ["loop", "it was not done after 0.5 s of processor time"],
  ["grow", "it needed more than 150 MB of memory"],
  ["crash", "it ended by SIGABRT"],
  ["exit", "it ended with exit code 3: what it said"],
])("is ended, and says why: %s", async (request, reason) => {
  const guarded = start();
  await guarded.ask("a", allowance);
  const died = guarded.ask(request, allowance);
  await expect(died).rejects.toThrow(ProcessDied);
  await expect(died).rejects.toThrow(reason);
  expect(guarded.hasEnded).toBe(true);
  const late = guarded.ask("a", allowance);
  await expect(late).rejects.toThrow(RequestNotSent);
  await expect(late).rejects.toThrow(reason);
});

it("answers what was asked before the request that it ends over, and says which were not come to", async () => {
  const guarded = start();
  const asked = ["a", "crash", "b"].map((request) => guarded.ask(request, allowance));
  const [before, guilty, after] = await Promise.allSettled(asked);
  expect(before).toEqual({ status: "fulfilled", value: { request: "a" } });
  expect(guilty).toMatchObject({ status: "rejected", reason: expect.any(ProcessDied) });
  expect(after).toMatchObject({ status: "rejected", reason: expect.any(RequestNotSent) });
});

it("counts the memory that a request adds, not what is there", async () => {
  const guarded = start();
  await guarded.ask("a", { processorTime: 10_000, memory: 10 });
  expect(await guarded.ask("b", { processorTime: 10_000, memory: 10 })).toEqual({ request: "b" });
});

it("says what could not be started", async () => {
  const guarded = start(new URL("./nothing.mjs", import.meta.url));
  await expect(guarded.ask("a", allowance)).rejects.toMatchObject({
    code: "missing_dependency",
    message: expect.stringContaining("the program could not be started: it ended with exit code 1"),
    hint: "mend it",
  });
});

it("is ended over a request that costs too much although nobody reads why any more", async () => {
  const child = fork(program.module, [], {
    serialization: "advanced",
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const ended = once(child, "exit");
  await once(child, "message");
  child.stderr!.destroy();
  child.send({ request: "loop", allowance });
  expect(await ended).toEqual([null, "SIGKILL"]);
});

it("ends with the program that started it, also during a request that never ends", async () => {
  const parent = fork(new URL("./parent.mjs", import.meta.url), [], { execArgv: [] });
  const [pid] = (await once(parent, "message")) as [number];
  expect(isThere(pid)).toBe(true);
  parent.kill("SIGKILL");
  await vi.waitUntil(() => !isThere(pid), { timeout: 60_000 });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
