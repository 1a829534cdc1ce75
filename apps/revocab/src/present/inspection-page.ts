import type { Job } from "@revocab/core";
import type { ReportDocument } from "@revocab/report-document";
import { measureQuality } from "@revocab/tokenizer-quality";
import { loadTokenizer } from "@revocab/vocabulary";
import { type FullInspection, presentInspection } from "./present-inspection.ts";
import { qualityPage } from "./quality-page.ts";

/**
 * Everything that `inspect` found, and of a tokenizer that can be run what `quality` shows of several: classes, scripts and lengths
 * of tokens, a box for texts, a search.
 * @param path of what was inspected
 */
export async function inspectionPage(
  inspection: FullInspection,
  path: string,
  job: Job,
): Promise<ReportDocument> {
  const document = presentInspection(inspection, { isWhole: true });
  if (!inspection.predictions) return document;
  const tokenizers = [{ name: inspection.name, tokenizer: await loadTokenizer(path) }];
  const quality = await qualityPage(await measureQuality({ tokenizers, job }), tokenizers, [], job);
  return { ...document, blocks: [...document.blocks, ...quality.blocks] };
}
