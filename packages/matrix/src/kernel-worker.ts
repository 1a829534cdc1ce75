import { parentPort, workerData } from "node:worker_threads";
import type { StoredDtype } from "@revocab/core";
import { warmKernel } from "./gather-task.ts";
import { type KernelTask, runKernelTask } from "./kernel-task.ts";
import { instantiateKernels } from "./kernels.ts";
import type { WasmMemory, WasmModule } from "./web-assembly.ts";

/** A thread of `kernelPool`: computes one task per message and answers when its results are in the shared memory. */
const { module, memory, gathers } = workerData as {
  module: WasmModule;
  memory: WasmMemory;
  gathers?: StoredDtype;
};
if (gathers !== undefined) warmKernel(module, gathers);
const kernels = instantiateKernels(module, memory);

parentPort?.on("message", (task: KernelTask) => {
  runKernelTask(kernels, task);
  parentPort?.postMessage("done");
});
