export { readOptions } from "./evaluate-model.ts";
export { methodsOf, type PickedMethod, pickMethod } from "./pick-method.ts";
export { withoutTimes } from "./scores.ts";
