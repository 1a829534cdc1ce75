import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { WATCHDOG_SAYS } from "./messages.ts";

/**
 * Ends the process when a request costs more than it may. It is a thread of its own, because a program that loops blocks
 * the main one. Time is processor time, so that a busy machine ends nothing; a request that uses none at all is ended,
 * too, after `LONGEST_IDLE`.
 */
export interface WatchdogData {
  /**
   * [4] shared: number of the running request (0: none), its processor time in ms, its memory in MB, and 1 while the watchdog
   * sleeps until it is woken.
   */
  readonly state: Int32Array;
  readonly parent: number;
}

const LOOK_EVERY = 25;
const AWAKE_AFTER_WORK = 1_000;
const LONGEST_SLEEP = 2_000;
const LONGEST_IDLE = 120_000;

const { state, parent } = workerData as WatchdogData;
let watched = 0;
let startedAt = Date.now();
let startedProcessor = 0;
let startedMemory = 0;

for (;;) {
  const running = Atomics.load(state, 0);
  if (running !== 0 && running !== watched) start(running);
  // during many short requests it polls, so that they need not wake it
  const sleeps = running === 0 && Date.now() - startedAt > AWAKE_AFTER_WORK;
  Atomics.store(state, 3, sleeps ? 1 : 0);
  if (sleeps) Atomics.wait(state, 0, 0, LONGEST_SLEEP);
  else Atomics.wait(state, 3, 0, LOOK_EVERY);
  if (running !== 0) look(running);
  if (process.ppid !== parent || isGone(parent)) end("");
}

function start(running: number): void {
  watched = running;
  startedAt = Date.now();
  startedProcessor = processorTime();
  startedMemory = memory();
}

function look(running: number): void {
  const used = processorTime() - startedProcessor;
  const grown = memory() - startedMemory;
  const [mayUse, mayGrow] = [Atomics.load(state, 1), Atomics.load(state, 2)];
  if (Atomics.load(state, 0) !== running) return;
  if (grown > mayGrow) end(`it needed more than ${mayGrow} MB of memory`);
  if (used > mayUse) end(`it was not done after ${mayUse / 1000} s of processor time`);
  if (Date.now() - startedAt > LONGEST_IDLE + mayUse && used < mayUse / 10) end("it stood still");
}

function memory(): number {
  return process.memoryUsage.rss() / 1e6;
}

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function end(reason: string): never {
  try {
    if (reason !== "") writeSync(2, `\n${WATCHDOG_SAYS}${reason}\n`);
  } finally {
    // also where nobody reads the reason any more, which makes writing it an error
    process.kill(process.pid, "SIGKILL");
  }
  throw new Error("unreachable");
}

/**
 * A process whose channel to its parent is blocked does not see it close. A parent that has ended may still be there until its own parent
 * takes note, but its children have another by then; on Windows they keep its number.
 */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
