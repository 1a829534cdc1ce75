import {
  type Cell,
  figure,
  type HtmlOptions,
  type isPage,
  type ReportDocument,
  renderHtml,
  renderMarkdown,
  renderText,
  section,
  type TextDocument,
  type TextOptions,
  table,
} from "@revocab/report-document";
import { same } from "./same.js";

same<typeof renderHtml, (document: ReportDocument, options?: HtmlOptions) => string>();
same<typeof renderText, (document: TextDocument, options?: TextOptions) => string>();
same<ReturnType<typeof isPage>, boolean>();

/** A document is plain data: literals and builders make the same. */
export function sizesOf(sizes: ReadonlyMap<string, number>): string {
  const rows = [...sizes].map(([name, tokens]): Cell[] => [{ code: name }, figure(tokens)]);
  const document: ReportDocument = {
    title: "Sizes",
    blocks: [section("Tokens", table(rows, ["tokenizer", { title: "tokens", align: "right" }]))],
  };
  // @ts-expect-error: a page has a title
  renderHtml({ blocks: [] });
  return renderText({ blocks: document.blocks }, { width: 80 }) + renderMarkdown(document);
}
