export { type HypernetworkOptions, hypernetwork, hypernetworkEntry } from "./hypernetwork.ts";
export type { NetworkConfig } from "./network-config.ts";
export { languageIndex } from "./network-config.ts";
export type { SourceTables } from "./network-feeds.ts";
export { type Hypernetwork, openHypernetwork, type PredictedRows } from "./open-hypernetwork.ts";
export { type PredictRowsOptions, predictRows } from "./predict-rows.ts";
export type { SurfaceForms } from "./surface-forms.ts";
export { type EncodeSurfaceFormsOptions, encodeSurfaceForms } from "./surface-forms.ts";
