import { RevocabError, showMessage } from "@revocab/core";

/** The part of onnxruntime-node that is used here; the package is optional, so its own types may be missing. */
export interface OnnxRuntime {
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
 * The runtime, an optional dependency; it is loaded once.
 * @throws RevocabError `missing_dependency` when onnxruntime-node is not installed, or not for this machine
 */
export function loadOnnxRuntime(): Promise<OnnxRuntime> {
  loading ??= importOnnxRuntime().then(
    (module) => ((module as { default?: unknown }).default ?? module) as OnnxRuntime,
    (cause: unknown) => {
      loading = undefined;
      throw new RevocabError(
        "missing_dependency",
        `running a model needs onnxruntime-node, which could not be loaded on ${process.platform}-${process.arch}: ${showMessage((cause as Error).message.split("\n")[0])}`,
        {
          hint: "install it with ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node@1.30.0 (Linux and Windows on x64 and arm64, macOS on arm64); all that does not run a model works without it",
          cause,
        },
      );
    },
  );
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

/** The name is a variable: the compiler must not look for types of a package that need not be there. */
async function importOnnxRuntime(name = "onnxruntime-node"): Promise<unknown> {
  return import(name);
}
