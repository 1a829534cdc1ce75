import { Document, Scalar } from "yaml";
import type { SwapReport } from "./report.ts";

/**
 * The metadata of a card as the Hub reads it, between lines of `---`. Only a snapshot of the Hub is named as the base: a local
 * folder is no repository. The relation is `finetune`, the nearest that the Hub knows: the same model with other weights.
 * @see https://huggingface.co/docs/hub/model-cards#specifying-a-base-model
 */
export function cardMetadata({ inputs, source, card }: SwapReport): string {
  const { name, revision } = inputs.source;
  const hasBase = revision !== null && HUB_NAME.test(name);
  const [license, ...moreLicenses] = card.licenses.map(quoted);
  const document = new Document({
    language: card.languages.length > 0 ? card.languages.map(quoted) : undefined,
    // the Hub takes a single license as a text, not as a list of one
    license: moreLicenses.length > 0 ? [license, ...moreLicenses] : license,
    license_name: card.licenseName === null ? undefined : quoted(card.licenseName),
    license_link: card.licenseLink === null ? undefined : quoted(card.licenseLink),
    library_name: source.modelType === "model2vec" ? "model2vec" : "transformers",
    tags: ["revocab", "tokenizer-transfer"],
    base_model: hasBase ? [quoted(name)] : undefined,
    base_model_relation: hasBase ? "finetune" : undefined,
  });
  return `---\n${document.toString({ indentSeq: false, lineWidth: 0 })}---`;
}

/** `ORG/NAME`, or the name alone of the oldest repositories. */
const HUB_NAME = /^[\w.-]+(\/[\w.-]+)?$/;

/** A text in quotes: YAML 1.1, which Python reads, takes the language code `no` for false. */
function quoted(text: string): Scalar {
  const scalar = new Scalar(text);
  scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}
