import { availableParallelism } from "node:os";
import { RevocabError } from "./errors.ts";
import { showText } from "./show-text.ts";

/** What a long operation listens to and may use; every option object passes it on whole. */
export interface Job {
  readonly abortSignal?: AbortSignal;
  readonly onProgress?: ProgressListener;
  /**
   * Threads of worker pools and of the runtime. The tokenizers library, whose process serves all jobs at once, encodes on
   * as many as the environment variable RAYON_NUM_THREADS says. @default all cores
   */
  readonly threads?: number;
  /**
   * What the process may take in memory while it runs a model, in bytes. A model that needs more is run layer by layer, with the same results.
   * @default what it has taken, and half of what is free
   */
  readonly memory?: number;
  /**
   * Where the layers and the head of a model are computed: `cpu`, or another execution provider of onnxruntime-node, such as `webgpu`,
   * `cuda`, `coreml` or `dml`. Before another one is used, its logits are compared with those of the CPU. @default "cpu"
   */
  readonly device?: string;
  /**
   * What a model's weights are multiplied in; the rest is computed in f32. Before `f16` is used, its logits are compared with those of f32.
   * @default "f32"
   */
  readonly dtype?: ComputeDtype;
}

/** Numbers that a matrix can be multiplied in. */
export type ComputeDtype = "f32" | "f16";

/** What a long operation reports while it works; a closed union, so that a renderer can be complete. */
export type ProgressEvent =
  | { readonly type: "step"; readonly step: string }
  | {
      readonly type: "progress";
      readonly step: string;
      readonly done: number;
      readonly total: number;
      readonly unit: "bytes" | "rows" | "tokens";
      /** What is worked on: `layer 3 of 32`. */
      readonly detail?: string;
      /** How much of the whole operation is done, 0 … 1, where that is known. It never falls. */
      readonly whole?: number;
    }
  | {
      readonly type: "note";
      readonly step: string;
      readonly message: string;
      /** True for figures about a method's numerics: they are shown while it works, and no plan keeps them. @default false */
      readonly isDetail?: boolean;
    };

export type ProgressListener = (event: ProgressEvent) => void;

/** The same job without its listener: for a part of a step whose caller reports the progress of the whole. */
export function quiet(job?: Job): Job | undefined {
  return job && { ...job, onProgress: undefined };
}

/**
 * Divides a job into stages that follow one another, by how long they take beside each other: what they report says how much of
 * the whole is done. A stage of weight 0 is left out of it.
 *
 *     const { plan, write } = stages(job, { plan: 6, write: 2 });
 */
export function stages<Name extends string>(
  job: Job | undefined,
  weights: Readonly<Record<Name, number>>,
): Readonly<Record<Name, Job | undefined>> {
  const names = Object.keys(weights) as Name[];
  const total = names.reduce((sum, name) => sum + weights[name], 0);
  let before = 0;
  const jobs = names.map((name) => {
    const from = before / total;
    before += weights[name];
    return [name, within(job, from, before / total)] as const;
  });
  return Object.fromEntries(jobs) as Record<Name, Job | undefined>;
}

/** What it reports is the part of the whole that goes from one share to another. */
function within(job: Job | undefined, from: number, to: number): Job | undefined {
  if (job?.onProgress === undefined) return job;
  let reached = 0;
  return {
    ...job,
    onProgress(event) {
      if (event.type !== "progress") return job.onProgress?.(event);
      const share = event.whole ?? (event.total === 0 ? 1 : event.done / event.total);
      reached = Math.max(reached, Math.min(1, share));
      job.onProgress?.({ ...event, whole: from + (to - from) * reached });
    },
  };
}

/**
 * Ends an operation whose signal was aborted; long operations call it between blocks.
 * @throws RevocabError the signal's own reason where it is one, otherwise `aborted` with the reason as its cause
 */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  if (signal.reason instanceof RevocabError) throw signal.reason;
  throw new RevocabError("aborted", "stopped before it was finished", { cause: signal.reason });
}

/**
 * The number of threads to start.
 *
 * More threads than cores only take turns: a thousand on two cores took 134 s for what two did in one. So a caller may give
 * 64, or as many as there are cores.
 * @param usual without a number in the job; never more than there are cores @default all cores
 * @throws RevocabError `bad_options` for a number in the job that is out of range
 */
export function threadsOf(job: Job | undefined, usual = Number.POSITIVE_INFINITY): number {
  const cores = availableParallelism();
  const { threads = Math.min(usual, cores) } = job ?? {};
  const most = Math.max(64, cores);
  if (Number.isInteger(threads) && threads >= 1 && threads <= most) return threads;
  throw new RevocabError("bad_options", `threads is ${threads}, expected an integer from 1 to ${most}`, {
    hint: "leave it out to use all cores",
  });
}

/**
 * What a model's weights are to be multiplied in.
 * @throws RevocabError `bad_options` for a job with another name
 */
export function computeDtypeOf(job: Job | undefined): ComputeDtype {
  const { dtype = "f32" } = job ?? {};
  if (dtype === "f32" || dtype === "f16") return dtype;
  throw new RevocabError("bad_options", `dtype is ${showText(String(dtype))}, expected f32 or f16`, {
    hint: "leave it out to compute in f32",
  });
}

/** Calls that are under way at once: enough to fill some batches, few enough to hold. */
const IN_FLIGHT = 512;

/**
 * Calls `work` for many items at once, and yields each item with its result in the order of the items. For work that is
 * fastest in batches, such as encoding texts.
 * @throws what `work` throws, when its item is reached
 */
export async function* mapAhead<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<readonly [Item, Result]> {
  const inFlight: { readonly item: Item; readonly result: Promise<Result> }[] = [];
  for await (const item of items) {
    const result = work(item);
    // A rejection is thrown when its item is reached; until then it must not count as unhandled.
    result.catch(() => {});
    inFlight.push({ item, result });
    if (inFlight.length < IN_FLIGHT) continue;
    const first = inFlight.shift()!;
    yield [first.item, await first.result];
  }
  for (const { item, result } of inFlight) yield [item, await result];
}
