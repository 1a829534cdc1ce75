import { showJson } from "@revocab/core";
import type { SwapReport } from "./report.ts";

/**
 * The metadata of a card as the Hub reads it, between lines of `---`. A folder is no repository, so only a snapshot of
 * the Hub is named as the base. Of the relations the Hub knows, a swap is nearest to a fine-tune: the same model with
 * other weights.
 * @see https://huggingface.co/docs/hub/model-cards#specifying-a-base-model
 */
export function cardMetadata({ inputs, source, card }: SwapReport): string {
  const { name, revision } = inputs.source;
  const lines = [
    ...list("language", card.languages),
    ...list("license", card.licenses),
    ...(card.licenseName === null ? [] : [`license_name: ${quoted(card.licenseName)}`]),
    ...(card.licenseLink === null ? [] : [`license_link: ${quoted(card.licenseLink)}`]),
    `library_name: ${source.modelType === "model2vec" ? "model2vec" : "transformers"}`,
    ...list("tags", ["revocab", "tokenizer-transfer"]),
    ...(revision === null ? [] : [...list("base_model", [name]), "base_model_relation: finetune"]),
  ];
  return `---\n${lines.join("\n")}\n---`;
}

/** Quoted, as `no` (Norwegian) is false in YAML; a single license is no list on the Hub. */
function list(key: string, values: readonly string[]): string[] {
  if (values.length === 0) return [];
  if (key === "license" && values.length === 1) return [`license: ${quoted(values[0] as string)}`];
  return [`${key}:`, ...values.map((value) => `- ${key === "tags" ? value : quoted(value)}`)];
}

/** JSON's strings are YAML's. */
function quoted(text: string): string {
  return showJson(text);
}
