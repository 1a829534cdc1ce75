export { cw2v, cw2vEntry } from "./cw2v.ts";
export type { Cw2vHeads, Cw2vLoss, Cw2vOptions } from "./settings.ts";
