import { RevocabError, showMessage } from "@revocab/core";
import type { OnnxRuntime } from "./onnx-runtime.ts";
import { webRuntime } from "./web-runtime.ts";

let loading: Promise<OnnxRuntime> | undefined;

/**
 * The runtime, an optional dependency: onnxruntime-node, or where that is missing onnxruntime-web. It is loaded once.
 * @throws RevocabError `missing_dependency` when neither is installed, or not for this machine
 */
export function loadOnnxRuntime(): Promise<OnnxRuntime> {
  loading ??= loadNative().catch(async (cause: unknown) => {
    try {
      return webRuntime(await importPackage("onnxruntime-web"));
    } catch {
      loading = undefined;
      throw missingRuntime(cause as Error);
    }
  });
  return loading;
}

/** Whether {@link loadOnnxRuntime} finds it. */
export async function hasOnnxRuntime(): Promise<boolean> {
  try {
    await loadOnnxRuntime();
    return true;
  } catch (error) {
    if (error instanceof RevocabError && error.code === "missing_dependency") return false;
    throw error;
  }
}

async function loadNative(): Promise<OnnxRuntime> {
  const native = (await importPackage("onnxruntime-node")) as Omit<OnnxRuntime, "kind">;
  const { InferenceSession, Tensor } = native;
  return { kind: "native", InferenceSession, Tensor, listSupportedBackends: native.listSupportedBackends };
}

function missingRuntime(cause: Error): RevocabError {
  return new RevocabError(
    "missing_dependency",
    `running a model needs onnxruntime-node, which could not be loaded on ${process.platform}-${process.arch}: ${showMessage(cause.message.split("\n")[0])}`,
    {
      hint: "install it with ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node@1.30.0 (Linux and Windows on x64 and arm64, macOS on arm64), or onnxruntime-web@1.30.0, which runs everywhere and is slower; with -g where revocab is installed so. All that does not run a model works without them",
      cause,
    },
  );
}

/** The name is a variable: the compiler must not look for types of a package that need not be there. */
async function importPackage(name: string): Promise<unknown> {
  const module = (await import(name)) as { default?: unknown };
  return module.default ?? module;
}
