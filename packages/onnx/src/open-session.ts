import { availableParallelism } from "node:os";
import { RevocabError, showMessage } from "@revocab/core";
import { encodeModel } from "./encode-model.ts";
import type { GraphBuilder } from "./graph.ts";
import { loadOnnxRuntime } from "./load-onnxruntime.ts";
import type { OnnxSession } from "./onnx-runtime.ts";
import { withConstantsInMemory } from "./web-runtime.ts";

export interface SessionOptions {
  /** The folder that locations of external constants are relative to. */
  readonly directory: string;
  /** Constants that are in memory, by the location the graph gives them. */
  readonly buffers?: ReadonlyMap<string, Uint8Array>;
  /**
   * Lay the weights out for products with few rows, as a text that grows token by token needs: 4 × as fast there, but
   * the weights are copied once more when they are loaded. Without it f32 weights are not even read before they are used.
   * @default false
   */
  readonly pack?: boolean;
  /**
   * Other sessions run between the runs of this one: its threads sleep then, and it holds no memory for its next run.
   * @default false
   */
  readonly shares?: boolean;
  /** Holds the memory of a run for the next one, which saves a sixth of the time of small operators. @default unless it `shares` */
  readonly keepsMemory?: boolean;
  /** @default all cores */
  readonly threads?: number;
  /** An execution provider of the runtime. What it has no operator for runs on the CPU. @default "cpu" */
  readonly device?: string;
}

/**
 * Loads a graph into the runtime. Weights in f32 stay in their files, mapped into memory; others are converted to f32 now,
 * one tensor at a time. So memory is that of the weights in f32, once.
 * @throws RevocabError `unsupported_checkpoint` for a graph that the runtime does not load; `missing_dependency`. The session itself
 *   throws `device_failed` when another device than the CPU cannot run it.
 */
export async function openSession(graph: GraphBuilder, options: SessionOptions): Promise<OnnxSession> {
  const { device = "cpu" } = options;
  const session = await createSession(graph, options).catch((cause: unknown) => {
    if (cause instanceof RevocabError) throw cause;
    if (device !== "cpu") throw deviceFailure(device, cause);
    throw new RevocabError(
      "unsupported_checkpoint",
      `the runtime could not load the model: ${showMessage((cause as Error).message, 500)}`,
      { hint: "the weights may not fit into memory, or have changed since they were opened", cause },
    );
  });
  if (device === "cpu") return session;
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: (...given) =>
      session.run(...given).catch((cause: unknown) => {
        throw deviceFailure(device, cause);
      }),
    release: () => session.release(),
  };
}

function deviceFailure(device: string, cause: unknown): RevocabError {
  return new RevocabError(
    "device_failed",
    `${device} could not run the model: ${reasonOf((cause as Error).message)}`,
    { hint: "compute on the CPU: leave out `device`; a GPU may have too little memory", cause },
  );
}

/** What the runtime says of a device, without the place in its source or the node that it puts before. */
export function reasonOf(message: string): string {
  return showMessage(
    message.replace(/^.*(?: was false\. |Status Message: (?:\S+\.cc:\d+ \S+ )?)/s, "").trim(),
    300,
  );
}

/**
 * The same with the runtime's own errors.
 * @param options `isTrial`: whether it fails is the question. It does where an operator would run on the CPU instead of the device, and
 *   the runtime logs nothing.
 */
export async function createSession(
  graph: GraphBuilder,
  {
    directory,
    buffers = new Map(),
    pack = false,
    shares = false,
    keepsMemory = !shares,
    threads = availableParallelism(),
    device = "cpu",
    isTrial = false,
  }: SessionOptions & { readonly isTrial?: boolean },
): Promise<OnnxSession> {
  const { kind, InferenceSession } = await loadOnnxRuntime();
  const loaded =
    kind === "native" ? { graph, buffers } : await withConstantsInMemory(graph, directory, buffers);
  return InferenceSession.create(encodeModel(loaded.graph), {
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    logSeverityLevel: isTrial ? 4 : 3,
    enableCpuMemArena: keepsMemory,
    externalData: Array.from(loaded.buffers, ([path, data]) => ({ path, data })),
    extra: {
      session: {
        // the other would look for its buffers below the folder, too
        ...(kind === "native" && { model_external_initializers_file_folder_path: directory }),
        disable_prepacking: pack ? "0" : "1",
        ...(isTrial && device !== "cpu" && { disable_cpu_ep_fallback: "1" }),
        ...(shares && { intra_op: { allow_spinning: "0" } }),
      },
    },
  });
}
