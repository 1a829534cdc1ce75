/** What other packages of revocab share; it may change at any time. */
export { vocabularyOf } from "./hypernetwork.ts";
export { checkTables } from "./predict-rows.ts";
