import { type Block, type HtmlOptions, type ReportDocument, renderHtml } from "@revocab/report-document";
import { pageScript, pageStyles } from "./page-sources.ts";

/**
 * A document as one HTML page, with the scripts that its panels need; a page without panels has none.
 * @param options.words translates notes, as in `renderHtml`
 */
export function renderPage(document: ReportDocument, { words }: Pick<HtmlOptions, "words"> = {}): string {
  if (!document.blocks.some(hasPanel)) return renderHtml(document, { words });
  return renderHtml(document, { words, scripts: [pageScript()], styles: [pageStyles()] });
}

function hasPanel(block: Block): boolean {
  return block.kind === "panel" || (block.kind === "section" && block.blocks.some(hasPanel));
}
