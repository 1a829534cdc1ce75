export { type EncodeSurfaceFormsOptions, encodeSurfaceForms } from "./encode-surface-forms.ts";
export { hypernetworkEntry } from "./entry.ts";
export { type HypernetworkOptions, hypernetwork } from "./hypernetwork.ts";
export { languageIndex } from "./language-index.ts";
export type { NetworkConfig } from "./network-config.ts";
export {
  type Hypernetwork,
  type OpenHypernetworkOptions,
  openHypernetwork,
  type PredictedRows,
  type SourceTables,
} from "./open-hypernetwork.ts";
export { type PredictRowsOptions, predictRows } from "./predict-rows.ts";
export type { SurfaceForms } from "./surface-forms.ts";
