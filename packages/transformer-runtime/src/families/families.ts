import { quote, RevocabError } from "@revocab/core";
import type { TransformerDescription } from "../description.ts";
import { albert } from "./albert.ts";
import { bart, mbart } from "./bart.ts";
import { bert, electra, roberta, xlmRobertaXl } from "./bert.ts";
import { bloom } from "./bloom.ts";
import { cohere, cohere2 } from "./cohere.ts";
import { deberta, debertaV2 } from "./deberta.ts";
import { deepseekV2, deepseekV3, dots1 } from "./deepseek.ts";
import { distilbert } from "./distilbert.ts";
import { ernie45, ernie45Moe } from "./ernie.ts";
import { exaone4 } from "./exaone4.ts";
import { falcon } from "./falcon.ts";
import type { Family, FamilyContext } from "./family.ts";
import { gemma, gemma2, gemma3 } from "./gemma.ts";
import { glm, glm4, glm4Moe } from "./glm.ts";
import { gptBigCode } from "./gpt-bigcode.ts";
import { gptNeo } from "./gpt-neo.ts";
import { gptNeox } from "./gpt-neox.ts";
import { gptOss } from "./gpt-oss.ts";
import { gpt2 } from "./gpt2.ts";
import { gptj } from "./gptj.ts";
import { granite, graniteMoe, graniteMoeShared } from "./granite.ts";
import { hunyuanDense } from "./hunyuan.ts";
import { arcee, llama, mistral, seedOss, smollm3 } from "./llama.ts";
import { llama4 } from "./llama4.ts";
import { minicpm, minicpm3 } from "./minicpm.ts";
import { mixtral } from "./mixtral.ts";
import { modernbert } from "./modernbert.ts";
import { mpt } from "./mpt.ts";
import { nemotron } from "./nemotron.ts";
import { flexOlmo, olmo, olmo2, olmo3, olmoe } from "./olmo.ts";
import { opt } from "./opt.ts";
import { phi } from "./phi.ts";
import { phi3 } from "./phi3.ts";
import { qwen2, qwen2Moe, qwen3, qwen3Moe } from "./qwen.ts";
import { stablelm } from "./stablelm.ts";
import { starcoder2 } from "./starcoder2.ts";
import { mt5, t5, umt5 } from "./t5.ts";

/** How each `model_type` that can be run is read. */
export const FAMILIES: Readonly<Record<string, Family>> = {
  albert,
  arcee,
  bart,
  bert,
  bloom,
  camembert: roberta,
  cohere,
  cohere2,
  deberta,
  "deberta-v2": debertaV2,
  deepseek_v2: deepseekV2,
  deepseek_v3: deepseekV3,
  distilbert,
  dots1,
  electra,
  ernie4_5: ernie45,
  ernie4_5_moe: ernie45Moe,
  exaone4,
  falcon,
  flex_olmo: flexOlmo,
  gemma,
  gemma2,
  gemma3,
  gemma3_text: gemma3,
  glm,
  glm4,
  glm4_moe: glm4Moe,
  gpt2,
  gpt_bigcode: gptBigCode,
  gpt_neo: gptNeo,
  gpt_neox: gptNeox,
  gpt_oss: gptOss,
  gptj,
  granite,
  granitemoe: graniteMoe,
  granitemoeshared: graniteMoeShared,
  hunyuan_v1_dense: hunyuanDense,
  llama,
  llama4,
  llama4_text: llama4,
  mbart,
  minicpm,
  minicpm3,
  mistral,
  mixtral,
  modernbert,
  mpt,
  mt5,
  nemotron,
  olmo,
  olmo2,
  olmo3,
  olmoe,
  opt,
  phi,
  phi3,
  qwen2,
  qwen2_moe: qwen2Moe,
  qwen3,
  qwen3_moe: qwen3Moe,
  roberta,
  seed_oss: seedOss,
  smollm3,
  stablelm,
  starcoder2,
  t5,
  umt5,
  "xlm-roberta": roberta,
  "xlm-roberta-xl": xlmRobertaXl,
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

/**
 * A matrix or norm that has no bias by the config, but has one in the files: the model would run and give
 * wrong logits silently. Other tensors that no description names (stored masks, old rotary tables, poolers) do no harm.
 * @throws RevocabError `bad_config`
 */
function refuseLostBiases(description: TransformerDescription, { hasTensor, path }: FamilyContext): void {
  for (const { weight, bias } of weighted(description)) {
    const name = weight.replace(/weight$/, "bias");
    if (bias !== undefined || name === weight || !hasTensor(name)) continue;
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
