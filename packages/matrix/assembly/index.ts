export { gatherBF16, gatherF16, gatherF32 } from "./gather";
export { multiplyPanels } from "./multiply-panels";
export { quantizedProducts } from "./quantized-products";
export { rankUpdate } from "./rank-update";
export { scanRowsBF16, scanRowsF16, scanRowsF32 } from "./scan-rows";
export { placeStrip, stripMaxima } from "./strip-sums";
export { wideProducts } from "./wide-products";
