import { stripWhiteSpace } from "./strip-white-space.ts";

/**
 * Where one document ends and the next begins:
 * - `endoftext`: at the marker `<|endoftext|>`;
 * - `blank-lines`: at one or more lines of nothing but spaces and tabs;
 * - `none`: nowhere, the text is one document.
 */
export type DocumentBoundary = "endoftext" | "blank-lines" | "none";

/** What a user may ask for; `auto` is `endoftext` where the marker occurs, else `blank-lines`. */
export type DocumentSplit = DocumentBoundary | "auto";

export const END_OF_TEXT = "<|endoftext|>";

/** The documents of a text, without white space around them; empty ones are left out. */
export function splitDocuments(text: string, boundary: DocumentBoundary): string[] {
  return partsOf(text, boundary)
    .map(stripWhiteSpace)
    .filter((document) => document !== "");
}

/** The boundary that a choice means for this text. */
export function boundaryOf(text: string, split: DocumentSplit): DocumentBoundary {
  if (split !== "auto") return split;
  return text.includes(END_OF_TEXT) ? "endoftext" : "blank-lines";
}

function partsOf(text: string, boundary: DocumentBoundary): string[] {
  if (boundary === "none") return [text];
  return text.split(boundary === "endoftext" ? END_OF_TEXT : BLANK_LINES);
}

/** Linear in the text: only a line's end can begin a match, and it is read once. */
const BLANK_LINES = /\r?\n(?:[ \t]*\r?\n)+/;
