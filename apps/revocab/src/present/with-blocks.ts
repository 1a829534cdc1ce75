import type { Block, TextDocument } from "@revocab/report-document";

/** A document with more at its end. */
export function withBlocks<Document extends TextDocument>(
  document: Document,
  ...more: readonly Block[]
): Document {
  return { ...document, blocks: [...document.blocks, ...more] };
}
