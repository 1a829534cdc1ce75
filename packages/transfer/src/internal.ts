/** What sibling packages share; not for users. */

export { requireOtherRows } from "./edit/plan-edit.ts";
