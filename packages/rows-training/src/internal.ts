/** What sibling packages share; not for users. */

export { keptDocuments } from "./kept-training.ts";
export { requireTrainable, requireTrainableText } from "./train-rows.ts";
export { type SplitText, type SplitTextOptions, splitText } from "./training-text.ts";
