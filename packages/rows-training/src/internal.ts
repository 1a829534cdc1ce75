/** What sibling packages share; not for users. */

export { requireTeaching, requireTrainable } from "./train-rows.ts";
export { type SplitText, type SplitTextOptions, splitText } from "./training-text.ts";
