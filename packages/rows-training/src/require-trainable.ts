import { RevocabError } from "@revocab/core";
import type { OpenTransformer } from "@revocab/transformer-runtime";
import { DEFAULT_HELD_OUT, MOST_HELD_OUT, splitText } from "./training-text.ts";

/**
 * Says before any work whether the rows of a model can be trained.
 * @throws RevocabError `unsupported_architecture` for a model that is not causal; as `OpenTransformer.requireGradients` does
 */
export function requireTrainable(transformer: OpenTransformer): void {
  const { kind, checkpoint } = transformer;
  if (kind !== "causal") {
    throw new RevocabError(
      "unsupported_architecture",
      `${checkpoint.directory} (${checkpoint.modelType}) predicts masked tokens; rows are trained by the loss of the next token`,
      { hint: "use a causal model" },
    );
  }
  transformer.requireGradients();
}

/**
 * Says before any work whether a text is long enough to train rows on, with the part of it that is held out by default.
 * @throws RevocabError `bad_text`
 */
export function requireTrainableText(documents: readonly string[], seed = 0): void {
  splitText(documents, { share: DEFAULT_HELD_OUT, most: MOST_HELD_OUT, seed });
}

/**
 * Says before any work whether a model gives likelihoods that rows can learn from.
 * @throws RevocabError `unsupported_architecture` for a model that does not read a text from left to right
 */
export function requireTeaching({ kind, description, checkpoint }: OpenTransformer): void {
  if (kind === "causal" && description.encoder === undefined) return;
  throw new RevocabError(
    "unsupported_architecture",
    `${checkpoint.directory} (${checkpoint.modelType}) gives no likelihoods of a text that is read from left to right`,
    { hint: "give a causal model without an encoder as `teacher`" },
  );
}
