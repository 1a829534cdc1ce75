/** What other packages of revocab share; it may change at any time. */
export { type Unreachable, whyUnreachable } from "./why-unreachable.ts";
