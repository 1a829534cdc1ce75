export { encodeModel } from "./encode-model.ts";
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
export {
  loadOnnxRuntime,
  type OnnxRuntime,
  type OnnxSession,
  type OnnxTensor,
  type TensorData,
} from "./load-onnxruntime.ts";
export {
  type DenseMatrix,
  type MatrixProduct,
  type MatrixProductOptions,
  openMatrixProduct,
} from "./matrix-product.ts";
export { openSession, type SessionOptions } from "./open-session.ts";
