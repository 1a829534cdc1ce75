/** What sibling packages share; not for users. */

export { keptDocuments } from "./kept-training.ts";
export { requireTeaching, requireTrainable, requireTrainableText } from "./require-trainable.ts";
export { type SplitText, type SplitTextOptions, splitText } from "./training-text.ts";
