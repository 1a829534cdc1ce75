import { Document, Scalar } from "yaml";
import { HUB_NAME } from "./card-facts.ts";
import type { SwapReport } from "./report.ts";

/**
 * The metadata of a card as the Hub reads it, between lines of `---`. The base is a snapshot of the Hub; a local folder is no
 * repository, and gives the base that its own card names. The relation is `finetune`, the nearest that the Hub knows: the same
 * model with other weights.
 * @see https://huggingface.co/docs/hub/model-cards#specifying-a-base-model
 */
export function cardMetadata({ inputs, source, card }: SwapReport): string {
  const { name, revision } = inputs.source;
  const bases = revision !== null && HUB_NAME.test(name) ? [name] : (card.baseModels ?? []);
  const [license, ...moreLicenses] = card.licenses.map(quoted);
  const document = new Document({
    language: card.languages.length > 0 ? card.languages.map(quoted) : undefined,
    // the Hub takes a single license as a text, not as a list of one
    license: moreLicenses.length > 0 ? [license, ...moreLicenses] : license,
    license_name: card.licenseName === null ? undefined : quoted(card.licenseName),
    license_link: card.licenseLink === null ? undefined : quoted(card.licenseLink),
    library_name: libraryOf({ source, card }),
    pipeline_tag: card.pipelineTag === undefined ? undefined : quoted(card.pipelineTag),
    tags: ["revocab", "tokenizer-transfer"],
    datasets: card.datasets?.map(quoted),
    base_model: bases.length > 0 ? bases.map(quoted) : undefined,
    base_model_relation: bases.length > 0 ? "finetune" : undefined,
  });
  return `---\n${document.toString({ indentSeq: false, lineWidth: 0 })}---`;
}

/** The library that opens the model: what the source's card says, where it is one that cards can name here. */
export function libraryOf({ source, card }: Pick<SwapReport, "source" | "card">): Library {
  if (source.modelType === "model2vec") return "model2vec";
  return card.library === "sentence-transformers" ? "sentence-transformers" : "transformers";
}

type Library = "model2vec" | "sentence-transformers" | "transformers";

/** A text in quotes: YAML 1.1, which Python reads, takes the language code `no` for false. */
function quoted(text: string): Scalar {
  const scalar = new Scalar(text);
  scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}
