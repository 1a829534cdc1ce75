export type { QueryBlocks } from "./attention-blocks.ts";
export {
  type DenseProducts,
  kernelProducts,
  type MatrixProduct,
  type MatrixProductOptions,
  openDenseProducts,
  openMatrixProduct,
  type Transposition,
} from "./dense-products.ts";
export { availableDevices } from "./devices.ts";
export { encodeModel } from "./encode-model.ts";
export { vjp } from "./gradients/vjp.ts";
export {
  type Attribute,
  ELEMENT,
  type ElementType,
  type ExternalData,
  GraphBuilder,
  type GraphInitializer,
  type GraphNode,
  type GraphPort,
  type Value,
} from "./graph.ts";
export { hasOnnxRuntime, loadOnnxRuntime } from "./load-onnxruntime.ts";
export type { OnnxRuntime, OnnxSession, OnnxTensor, TensorData } from "./onnx-runtime.ts";
export { openSession, type SessionOptions } from "./open-session.ts";
export { spellCausalAttention } from "./spell-causal-attention.ts";
