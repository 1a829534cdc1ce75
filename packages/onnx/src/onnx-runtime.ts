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
