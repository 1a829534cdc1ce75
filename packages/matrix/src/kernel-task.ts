import { type GatherTask, runGatherTask } from "./gather-task.ts";
import type { Kernels } from "./kernels.ts";

/** Work for one thread. */
export type KernelTask = GatherTask | KernelCalls;

/** Calls of one kernel, one after the other: from each to the next, every argument grows by its step. */
export interface KernelCalls {
  readonly kernel: "quantizedProducts" | "stripMaxima" | "wideProducts";
  readonly calls: number;
  readonly first: readonly number[];
  /** As long as `first`. */
  readonly steps: readonly number[];
}

export function runKernelTask(kernels: Kernels, task: KernelTask): void {
  if ("dtype" in task) runGatherTask(kernels, task);
  else runKernelCalls(kernels, task);
}

function runKernelCalls(kernels: Kernels, { kernel, calls, first, steps }: KernelCalls): void {
  const call = kernels[kernel] as (...values: readonly number[]) => void;
  const values = [...first];
  for (let i = 0; i < calls; i++) {
    call(...values);
    for (let j = 0; j < values.length; j++) values[j] += steps[j];
  }
}

/** Cuts the calls into at most `parts` of about as many each. */
export function shareOfCalls(calls: KernelCalls, parts: number): KernelCalls[] {
  const { first, steps } = calls;
  const count = Math.min(parts, calls.calls);
  return Array.from({ length: count }, (_, part) => {
    const [from, to] = [part, part + 1].map((i) => Math.floor((calls.calls * i) / count));
    return { ...calls, calls: to - from, first: first.map((value, j) => value + from * steps[j]) };
  });
}
