import { availableParallelism } from "node:os";
import { RevocabError, showMessage } from "@revocab/core";
import { encodeModel } from "./encode-model.ts";
import type { GraphBuilder } from "./graph.ts";
import { loadOnnxRuntime, type OnnxSession } from "./load-onnxruntime.ts";

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
  /** @default all cores */
  readonly threads?: number;
}

/**
 * Loads a graph into the runtime. Weights in f32 stay in their files, mapped into memory; others are converted to f32 now,
 * one tensor at a time. So memory is that of the weights in f32, once.
 */
export async function openSession(
  graph: GraphBuilder,
  {
    directory,
    buffers = new Map(),
    pack = false,
    shares = false,
    threads = availableParallelism(),
  }: SessionOptions,
): Promise<OnnxSession> {
  const { InferenceSession } = await loadOnnxRuntime();
  try {
    return await InferenceSession.create(encodeModel(graph), {
      executionProviders: ["cpu"],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
      enableCpuMemArena: !shares,
      externalData: Array.from(buffers, ([path, data]) => ({ path, data })),
      extra: {
        session: {
          model_external_initializers_file_folder_path: directory,
          disable_prepacking: pack ? "0" : "1",
          ...(shares && { intra_op: { allow_spinning: "0" } }),
        },
      },
    });
  } catch (cause) {
    throw new RevocabError(
      "unsupported_checkpoint",
      `the runtime could not load the model: ${showMessage((cause as Error).message, 500)}`,
      { hint: "the weights may not fit into memory, or have changed since they were opened", cause },
    );
  }
}
