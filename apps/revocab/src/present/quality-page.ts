import type { Job } from "@revocab/core";
import { readText } from "@revocab/files";
import type { Panel, ReportDocument } from "@revocab/report-document";
import { type NamedTokenizer, tokenizersPanel, vocabularyPanel } from "@revocab/report-page";
import { classifyTokens, type NamedFile, NO_CLASS, TOKEN_CLASSES } from "@revocab/tokenizer-quality";
import { type FullQuality, presentQuality } from "./present-quality.ts";

/** Everything that was found, a box that shows a text in the tokens of all tokenizers, and a search over their vocabularies. */
export async function qualityPage(
  report: FullQuality,
  tokenizers: readonly NamedTokenizer[],
  texts: readonly NamedFile[],
  job: Job,
): Promise<ReportDocument> {
  const document = presentQuality(report, { isWhole: true });
  const box = await tokenizersPanel({ tokenizers, texts: await shownTexts(texts, job), job });
  return { ...document, blocks: [box, ...document.blocks, searchPanel(tokenizers)] };
}

function searchPanel(tokenizers: readonly NamedTokenizer[]): Panel {
  return vocabularyPanel({
    title: "Search the vocabularies",
    vocabularies: tokenizers.map(({ name, tokenizer: { vocabulary } }) => ({
      name,
      vocabulary,
      classes: { names: CLASS_NAMES, of: classifyTokens(vocabulary).classes },
    })),
  });
}

/** A hole has the place behind all classes. */
const CLASS_NAMES: readonly string[] = [...TOKEN_CLASSES.slice(0, NO_CLASS), "no token"];

/** How each of the texts begins; without any, what tokenizers differ in. */
async function shownTexts(texts: readonly NamedFile[], job: Job): Promise<readonly string[]> {
  if (texts.length === 0) return DIFFERENCES;
  const starts: string[] = [];
  for (const { path } of texts) {
    const { documents } = await readText(path, { maxBytes: SHOWN_BYTES, job });
    starts.push(documents[0] as string);
  }
  return [...new Set(starts)];
}

const SHOWN_BYTES = 400;

const DIFFERENCES: readonly string[] = [
  "Once upon a time, 1234 butterflies flew over the café.",
  "def area(radius):\n    return 3.14159 * radius ** 2\n",
  "Der Donaudampfschifffahrtskapitän wohnt in Zürich. Кошка спит. 猫在睡觉。 ネコが寝ている。",
];
