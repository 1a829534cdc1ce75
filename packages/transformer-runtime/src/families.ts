import { quote, RevocabError } from "@revocab/core";
import { bert } from "./families/bert.ts";
import { gemma } from "./families/gemma.ts";
import { gemma2 } from "./families/gemma2.ts";
import { gemma3 } from "./families/gemma3.ts";
import { gptNeox } from "./families/gpt-neox.ts";
import { gpt2 } from "./families/gpt2.ts";
import { llama } from "./families/llama.ts";
import { mistral } from "./families/mistral.ts";
import { modernbert } from "./families/modernbert.ts";
import { olmo2 } from "./families/olmo2.ts";
import { phi3 } from "./families/phi3.ts";
import { qwen2 } from "./families/qwen2.ts";
import { qwen3 } from "./families/qwen3.ts";
import { refuseLostBiases } from "./families/refuse-lost-biases.ts";
import { roberta } from "./families/roberta.ts";
import { smollm3 } from "./families/smollm3.ts";
import type { Family } from "./family.ts";

/** How each `model_type` that can be run is read. */
export const FAMILIES: Readonly<Record<string, Family>> = {
  bert,
  camembert: roberta,
  gemma,
  gemma2,
  gemma3,
  gemma3_text: gemma3,
  gpt2,
  gpt_neox: gptNeox,
  llama,
  mistral,
  modernbert,
  olmo2,
  phi3,
  qwen2,
  qwen3,
  roberta,
  smollm3,
  "xlm-roberta": roberta,
};

/**
 * The family of a model type, which also refuses weights with biases that the config does not speak of.
 * @throws RevocabError `unsupported_architecture`, with the list of those that can be run
 */
export function familyOf(modelType: string): Family {
  const family = Object.hasOwn(FAMILIES, modelType) ? FAMILIES[modelType] : undefined;
  if (family !== undefined) {
    return (context) => {
      const description = family(context);
      refuseLostBiases(description, context);
      return description;
    };
  }
  throw new RevocabError(
    "unsupported_architecture",
    `models of type ${quote(modelType)} cannot be run; those that can are ${Object.keys(FAMILIES).join(", ")}`,
    { hint: "swap, plan, apply and explain work without running the model" },
  );
}
