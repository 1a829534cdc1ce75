export { choleskyFactor } from "./cholesky.ts";
export { decodeInto, encodeInto } from "./codecs.ts";
export { gatherSum } from "./gather-sum.ts";
export { type LeadingEigenvectors, leadingEigenvectors } from "./leading-eigenvectors.ts";
export {
  collectBlocks,
  type MatrixInMemory,
  type MixtureRowsOptions,
  mixtureRows,
  storedMixtureRows,
} from "./mixture-rows.ts";
export { checkMixture, MixtureBuilder, mixtureRow } from "./mixtures.ts";
export { type MultiplyMixtureOptions, multiplyMixture, type ProductBlock } from "./multiply-mixture.ts";
export {
  type MultiplyTransposedOptions,
  multiplyTransposed,
  normalizeRows,
  rowProduct,
} from "./multiply-transposed.ts";
export { type PrincipalComponents, principalComponents } from "./principal-components.ts";
export { type RandomStream, randomStream } from "./random-stream.ts";
export { firstAtLeast, replacedRows } from "./replaced-rows.ts";
export { type RowScan, type ScanRowsOptions, scanRows } from "./scan-rows.ts";
export { stackedRows } from "./stacked-rows.ts";
export {
  type ColumnMoments,
  type Covariance,
  columnMoments,
  covariance,
  type StatisticsOptions,
} from "./statistics.ts";
export {
  forEachRowBlock,
  matrixInFile,
  matrixOfBytes,
  type RowBlockOptions,
  readMatrix,
  readRows,
  selectRows,
  storedView,
  storeMatrix,
} from "./stored-matrix.ts";
export {
  type DenseMatrix,
  gramMatrix,
  type Matrix64,
  transposed,
  transposedProduct,
} from "./transposed-product.ts";
export { Instance, Memory, Module, type WasmMemory, type WasmModule } from "./web-assembly.ts";
