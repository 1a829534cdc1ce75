export { type ReadTextOptions, readText, type TextDocuments } from "./read-text.ts";
export { boundaryOf, type DocumentBoundary, type DocumentSplit, splitDocuments } from "./split-documents.ts";
