import { join } from "node:path";
import { fileURLToPath } from "node:url";

const sample = fileURLToPath(new URL("../../sample", import.meta.url));
/** The model and the tokenizer that the repository ships. */
export const SAMPLE_MODEL = join(sample, "model");
export const SAMPLE_TOKENIZER = join(sample, "tokenizer");
/** Five stories that neither the model nor the tokenizer has learned from. */
export const SAMPLE_TEXT = join(sample, "stories.txt");
