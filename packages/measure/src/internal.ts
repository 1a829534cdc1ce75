/** What sibling packages share; not for users. */

export { candidatesOf, type PickedMethod, pickMethod } from "./compare-methods.ts";
export { describeText } from "./measure-swap.ts";
