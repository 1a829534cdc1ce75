import { RevocabError, showText } from "@revocab/core";
import type { ConfigFacts } from "./config-facts.ts";
import type { FilePool } from "./file-pool.ts";
import { sameBytes } from "./same-bytes.ts";
import type { TensorLocation } from "./tensor-location.ts";

/**
 * Moves a stored copy of a tied head to the input's tensors; says whether the model is tied.
 * @throws RevocabError `bad_config` when the config and what is stored disagree.
 */
export async function resolveTying(
  directory: string,
  facts: ConfigFacts,
  located: Map<string, TensorLocation[]>,
  headIsNamed: boolean,
  pool: FilePool,
): Promise<boolean> {
  const input = located.get("input")!;
  const output = located.get("output");
  if (output === undefined) {
    // Weights named as the model without its head names them (the first GPT-2) still have one when the class has.
    if (!headIsNamed) return facts.expectsHead === true && facts.saysTied === true;
    const hasHead = facts.expectsHead !== false;
    if (hasHead && facts.saysTied === false && facts.expectsHead === true) {
      throw new RevocabError(
        "bad_config",
        `${showText(directory)} has no head, but its config says that the head is not tied`,
        {
          hint: 'the weights are incomplete, or "tie_word_embeddings" in config.json should be true',
        },
      );
    }
    return hasHead && facts.saysTied !== false;
  }
  if (facts.saysTied === false) return false;
  if (await sameBytes(pool, input[0]!, output[0]!)) {
    input.push(...output);
    located.delete("output");
    return true;
  }
  if (facts.saysTied === undefined || facts.architecture.tiedByContent) return false;
  throw new RevocabError(
    "bad_config",
    `${showText(directory)} says that the head is tied to the input embeddings, but ${showText(output[0]!.entry.name, 200)} and ` +
      `${showText(input[0]!.entry.name, 200)} differ`,
    {
      hint:
        "readers disagree about such a model (old ones ignore the head, new ones use it): set " +
        '"tie_word_embeddings" to false in a copy of config.json to keep the head, or remove the head tensor',
    },
  );
}
