export { gatherBF16, gatherF16, gatherF32 } from "./gather";
export { rankUpdate } from "./rank-update";
