import type { JsonObject } from "@revocab/checkpoint";
import type { TransformerDescription } from "../description.ts";

/** What a family may look at: the part of the config about the language model, and which tensors there are. */
export interface FamilyContext {
  /** config.json, or its `text_config` where the model is nested. */
  readonly config: JsonObject;
  /** The path of config.json, for messages. */
  readonly path: string;
  hasTensor(name: string): boolean;
  /**
   * What stands before `suffix` in the name of the one tensor that ends so: `model.` for `layers.0.mlp.up_proj.weight`
   * in Llama, `language_model.model.` in a nested model, "" in a model saved without its head.
   * @throws RevocabError `unsupported_checkpoint` when no tensor ends so, or several do
   */
  prefixBefore(suffix: string): string;
}

/** Reads a config of its model types into the words the graph builder knows. */
export type Family = (context: FamilyContext) => TransformerDescription;
