import { Worker } from "node:worker_threads";
import { type Allowance, type Allowed, type Reply, STARTED } from "./messages.ts";
import type { WatchdogData } from "./watchdog.ts";

/** The length of a refusal that is sent, in characters. */
const LONGEST_REFUSAL = 1_000;

/**
 * Makes this process the program of a `GuardedProcess`: answers its requests, under a watchdog. What `answer` throws is the
 * refusal of that one request.
 */
export function serveRequests<Request, Answer>(answer: (request: Request) => Answer | Promise<Answer>): void {
  const state = new Int32Array(new SharedArrayBuffer(4 * Int32Array.BYTES_PER_ELEMENT));
  new Worker(new URL("./watchdog.js", import.meta.url), {
    workerData: { state, parent: process.ppid } satisfies WatchdogData,
    execArgv: [],
  }).unref();

  // Ctrl-C reaches every process of a terminal; the parent decides when this one ends.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  process.on("disconnect", () => process.exit());
  // the parent ended while this process started
  if (!process.connected) process.exit();

  let requests = 0;
  let before: Promise<void> = Promise.resolve();
  const serve = async ({ request, allowance }: Allowed<Request>): Promise<void> => {
    requests = (requests % 0x7fffffff) + 1;
    watch(state, requests, allowance);
    const reply = await replyOf(() => answer(request));
    Atomics.store(state, 0, 0);
    // the reply is on its way before the next request, which may end this process, begins
    await new Promise((resolve) => process.send!(reply, resolve));
  };
  process.on("message", (message: Allowed<Request>) => {
    before = before.then(() => serve(message));
  });
  process.send!(STARTED);
}

function watch(state: Int32Array, request: number, { processorTime, memory }: Allowance): void {
  Atomics.store(state, 1, Math.ceil(processorTime));
  Atomics.store(state, 2, Math.ceil(memory));
  Atomics.store(state, 0, request);
  if (Atomics.load(state, 3) === 1) Atomics.notify(state, 0);
}

/** An answer, or why there is none. */
export async function replyOf<Answer>(answer: () => Answer | Promise<Answer>): Promise<Reply<Answer>> {
  try {
    return { answer: await answer() };
  } catch (error) {
    return { refusal: (error instanceof Error ? error.message : String(error)).slice(0, LONGEST_REFUSAL) };
  }
}
