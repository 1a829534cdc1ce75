export { type ContentHash, hashContent, promisedHash, startHash } from "./content-hash.ts";
export { insideFolder } from "./inside-folder.ts";
export { linesOfText } from "./lines-of-text.ts";
export { type OpenOptions, openFile, type ReadOptions, readWhole } from "./open-file.ts";
export { readLines } from "./read-lines.ts";
export { type ReadTextOptions, readText, type TextDocuments } from "./read-text.ts";
export { replaceFile } from "./replace-file.ts";
export { boundaryOf, type DocumentBoundary, type DocumentSplit, splitDocuments } from "./split-documents.ts";
