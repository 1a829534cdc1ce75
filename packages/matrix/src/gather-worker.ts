import { parentPort, workerData } from "node:worker_threads";
import type { StoredDtype } from "@revocab/core";
import { type GatherTask, runGatherTask, warmKernel } from "./gather-task.ts";
import { instantiateKernels } from "./kernels.ts";
import type { WasmMemory, WasmModule } from "./web-assembly.ts";

/** A thread of `gatherPool`: computes one task per message and answers when its rows are in the shared memory. */
const { module, memory, dtype } = workerData as {
  module: WasmModule;
  memory: WasmMemory;
  dtype: StoredDtype;
};
warmKernel(module, dtype);
const kernels = instantiateKernels(module, memory);

parentPort?.on("message", (task: GatherTask) => {
  runGatherTask(kernels, task);
  parentPort?.postMessage("done");
});
