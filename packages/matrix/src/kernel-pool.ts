import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { StoredDtype } from "@revocab/core";
import { type KernelTask, runKernelTask } from "./kernel-task.ts";
import { compileKernels, instantiateKernels } from "./kernels.ts";
import type { WasmMemory, WasmModule } from "./web-assembly.ts";

/** A worker pool whose kernels compute in one shared memory. */
export interface KernelPool {
  /** How many tasks are computed at the same time. */
  readonly size: number;
  /** Resolves when all are done; rejects when a thread died. At most `size` tasks. */
  run(tasks: readonly KernelTask[]): Promise<void>;
  /** Ends the threads; the memory is then only the caller's. */
  close(): Promise<void>;
}

/**
 * @param workers threads to start; 0 computes on the calling thread, which lets others in between two runs
 * @param gathers the dtype whose sums are the first task: their kernel is compiled when the threads start
 */
export function kernelPool(memory: WasmMemory, workers: number, gathers?: StoredDtype): KernelPool {
  const module = compileKernels();
  if (workers === 0) {
    const kernels = instantiateKernels(module, memory);
    return {
      size: 1,
      async run(tasks) {
        for (const task of tasks) runKernelTask(kernels, task);
        await setImmediate();
      },
      async close() {},
    };
  }
  const threads = Array.from({ length: workers }, () => startThread(module, memory, gathers));
  return {
    size: workers,
    async run(tasks) {
      await Promise.all(tasks.map((task, i) => threads[i].run(task)));
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.end()));
    },
  };
}

interface Thread {
  run(task: KernelTask): Promise<void>;
  end(): Promise<void>;
}

function startThread(module: WasmModule, memory: WasmMemory, gathers?: StoredDtype): Thread {
  const worker = new Worker(new URL("./kernel-worker.js", import.meta.url), {
    workerData: { module, memory, gathers },
    execArgv: [],
  });
  let failure: Error | undefined;
  let waiting: { resolve: () => void; reject: (reason: Error) => void } | undefined;
  const fail = (reason: Error) => {
    failure ??= reason;
    waiting?.reject(failure);
    waiting = undefined;
  };
  worker.on("message", () => {
    waiting?.resolve();
    waiting = undefined;
  });
  worker.on("error", fail);
  worker.on("exit", (code) =>
    fail(new Error(`a worker thread ended with code ${code} before its work was done`)),
  );
  return {
    run(task) {
      return new Promise((resolve, reject) => {
        if (failure !== undefined) {
          reject(failure);
          return;
        }
        waiting = { resolve, reject };
        worker.postMessage(task);
      });
    },
    async end() {
      await worker.terminate();
    },
  };
}
