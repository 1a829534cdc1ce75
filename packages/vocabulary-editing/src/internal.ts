/** What other packages of revocab share; it may change at any time. */

export { pairKey, pairOf } from "./growing-merges.ts";
export { pairQueue } from "./learn-joins.ts";
export { type Unreachable, whyUnreachable } from "./why-unreachable.ts";
