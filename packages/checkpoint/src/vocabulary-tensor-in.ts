import { RevocabError, showText } from "@revocab/core";
import { readSafetensorsHeader } from "./safetensors-header.ts";

/**
 * Why a safetensors file beside the model cannot be carried as it is: a tensor with a dimension of the vocabulary's size,
 * or a header that cannot be read. Undefined where it can.
 * @param sizes the rows of the model's tables, and the ids of its tokenizer where these are fewer
 */
export async function vocabularyTensorIn(
  path: string,
  sizes: readonly number[],
): Promise<string | undefined> {
  try {
    const { tensors } = await readSafetensorsHeader(path);
    const found = tensors.find(({ shape }) => shape.some((count) => sizes.includes(count)));
    return (
      found &&
      `holds ${showText(found.name, 200)} [${showText(found.shape.join(", "), 200)}], which has an entry per token of the old vocabulary`
    );
  } catch (error) {
    if (error instanceof RevocabError) return `cannot be read: ${error.message}`;
    throw error;
  }
}
