import type { GradientRule } from "../rule.ts";
import { add } from "./add.ts";
import { attention } from "./attention.ts";
import { cast } from "./cast.ts";
import { clip } from "./clip.ts";
import { concat } from "./concat.ts";
import { divide } from "./divide.ts";
import { gather } from "./gather.ts";
import { gatherElements } from "./gather-elements.ts";
import { gatherNd } from "./gather-nd.ts";
import { gelu } from "./gelu.ts";
import { gemm } from "./gemm.ts";
import { identity } from "./identity.ts";
import { layerNormalization } from "./layer-normalization.ts";
import { matmul } from "./matmul.ts";
import { multiply } from "./multiply.ts";
import { negate } from "./negate.ts";
import { reduceSum } from "./reduce-sum.ts";
import { relu } from "./relu.ts";
import { reshape } from "./reshape.ts";
import { rmsNormalization } from "./rms-normalization.ts";
import { rotaryEmbedding } from "./rotary-embedding.ts";
import { scatterElements } from "./scatter-elements.ts";
import { scatterNd } from "./scatter-nd.ts";
import { sigmoid } from "./sigmoid.ts";
import { slice } from "./slice.ts";
import { softmax } from "./softmax.ts";
import { split } from "./split.ts";
import { subtract } from "./subtract.ts";
import { tanh } from "./tanh.ts";
import { tile } from "./tile.ts";
import { transpose } from "./transpose.ts";
import { where } from "./where.ts";

/** By the operator of the standard set. */
export const RULES: Readonly<Record<string, GradientRule>> = {
  Add: add,
  Attention: attention,
  Cast: cast,
  Clip: clip,
  Concat: concat,
  Div: divide,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  Gelu: gelu,
  Gemm: gemm,
  Identity: identity,
  LayerNormalization: layerNormalization,
  MatMul: matmul,
  Mul: multiply,
  Neg: negate,
  ReduceSum: reduceSum,
  Relu: relu,
  Reshape: reshape,
  RMSNormalization: rmsNormalization,
  RotaryEmbedding: rotaryEmbedding,
  ScatterElements: scatterElements,
  ScatterND: scatterNd,
  Sigmoid: sigmoid,
  Slice: slice,
  Softmax: softmax,
  Split: split,
  Sub: subtract,
  Tanh: tanh,
  Tile: tile,
  Transpose: transpose,
  Unsqueeze: reshape,
  Where: where,
};
