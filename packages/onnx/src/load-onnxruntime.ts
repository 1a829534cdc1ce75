import { RevocabError, showMessage } from "@revocab/core";
import { webRuntime } from "./web-runtime.ts";

/** The part of onnxruntime that is used here; its packages are optional, so their own types may be missing. */
export interface OnnxRuntime {
  /** `native` is onnxruntime-node; `wasm` is onnxruntime-web, which runs everywhere, on the CPU, in 4 GB of memory at most. */
  readonly kind: "native" | "wasm";
  readonly InferenceSession: {
    create(model: Uint8Array, options: Readonly<Record<string, unknown>>): Promise<OnnxSession>;
  };
  readonly Tensor: new (type: string, data: TensorData, shape: readonly number[]) => OnnxTensor;
  /** The execution providers it was built with; the libraries of those that are not bundled may be missing. */
  listSupportedBackends(): readonly { readonly name: string; readonly bundled: boolean }[];
}

export interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** @param fetches the outputs that are wanted, each with a tensor to be written into, or null for a new one @default all, new */
  run(
    feeds: Readonly<Record<string, OnnxTensor>>,
    fetches?: Readonly<Record<string, OnnxTensor | null>>,
  ): Promise<Readonly<Record<string, OnnxTensor>>>;
  release(): Promise<void>;
}

export interface OnnxTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

export type TensorData = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint16Array | Uint8Array;

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
      hint: "install it without its script with npm install --ignore-scripts onnxruntime-node@1.30.0 (Linux and Windows on x64 and arm64, macOS on arm64), or onnxruntime-web@1.30.0, which runs everywhere and is slower; with -g where revocab is installed so. All that does not run a model works without them",
      cause,
    },
  );
}

/** The name is a variable: the compiler must not look for types of a package that need not be there. */
async function importPackage(name: string): Promise<unknown> {
  const module = (await import(name)) as { default?: unknown };
  return module.default ?? module;
}
