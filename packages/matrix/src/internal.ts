/** What other packages of revocab share; it may change at any time. */
export {
  openQuantizedRows,
  type QuantizedProducts,
  type QuantizedRow,
  type QuantizedRows,
  type QuantizedRowsOptions,
  quantizedWidth,
  quantizeRow,
  type RowRange,
  requireQuantizedRows,
} from "./quantized-rows.ts";
export {
  openRowProducts,
  type ProductsOfRow,
  type RowProducts,
  type RowProductsOptions,
} from "./row-products.ts";
export {
  type HeldStrips,
  openRowSums,
  type RowSum,
  type RowSums,
  type RowSumsOptions,
  STRIP_COLUMNS,
} from "./row-sums.ts";
