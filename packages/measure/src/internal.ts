/** What sibling packages share; not for users. */

export { candidatesOf, type PickedMethod, pickMethod } from "./compare-methods.ts";
export { labelledProgress, scoreOpenModel } from "./evaluate-model.ts";
export { describeText } from "./measure-swap.ts";
export { lossesOf, type ScoredModel, swapLosses } from "./swap-losses.ts";
