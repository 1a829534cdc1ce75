import { RevocabError } from "@revocab/core";
import type { TransformerDescription } from "../description.ts";
import type { FamilyContext } from "../family.ts";

/**
 * A matrix or norm that has no bias by the config, but has one in the files: the model would run, and be wrong without
 * a word. Other tensors that no description names (stored masks, old rotary tables, poolers) do no harm.
 * @throws RevocabError `bad_config`
 */
export function refuseLostBiases(
  description: TransformerDescription,
  { hasTensor, path }: FamilyContext,
): void {
  for (const { weight, bias } of weighted(description)) {
    const name = weight.replace(/weight$/, "bias");
    if (bias !== undefined || !hasTensor(name)) continue;
    throw new RevocabError(
      "bad_config",
      `the weights beside ${path} hold ${name}, but by the config there is no such bias`,
      {
        hint: "the config lacks a key (attention_bias, mlp_bias, …), or the weights belong to another model",
      },
    );
  }
}

/** Every matrix and norm that is stored. */
function weighted(part: unknown): readonly { readonly weight: string; readonly bias?: string }[] {
  if (typeof part !== "object" || part === null) return [];
  if ("weight" in part && typeof part.weight === "string") {
    return [part as { readonly weight: string; readonly bias?: string }];
  }
  return Object.values(part).flatMap(weighted);
}
