import { type ComputeDtype, computeDtypeOf, type Job, threadsOf } from "@revocab/core";
import { requireDevice } from "@revocab/onnx/internal";

/** Where a model is computed, and in what. */
export interface Computation {
  /** Of the CPU. */
  readonly threads: number;
  /** An execution provider of the runtime. */
  readonly device: string;
  /** What weights are multiplied in; the rest is computed in f32. */
  readonly dtype: ComputeDtype;
}

/**
 * What a job asks for.
 * @throws RevocabError `bad_options` where this machine cannot; `missing_dependency`
 */
export async function computationOf(job: Job | undefined): Promise<Computation> {
  const computation = { threads: threadsOf(job), device: job?.device ?? "cpu", dtype: computeDtypeOf(job) };
  await requireDevice(computation.device, computation.dtype);
  return computation;
}

/** What others are compared with: in f32 on the CPU. */
export function asReference(computation: Computation): Computation {
  return { ...computation, device: "cpu", dtype: "f32" };
}

export function isReference({ device, dtype }: Computation): boolean {
  return device === "cpu" && dtype === "f32";
}
