import type { ProgressListener } from "@revocab/core";

/**
 * Refuses work that runs a model where nothing can run it, before anything is downloaded or read.
 * @throws RevocabError `missing_dependency`, with what to install
 */
export async function requireRuntime(onProgress?: ProgressListener): Promise<void> {
  const { loadOnnxRuntime } = await import("@revocab/onnx");
  const { kind } = await loadOnnxRuntime();
  if (kind === "native") return;
  onProgress?.({ type: "note", step: "runtime", message: SLOWER });
}

const SLOWER =
  "onnxruntime-node is not installed: models run in WebAssembly, several times slower and in 4 GB at most (see: revocab doctor)";
