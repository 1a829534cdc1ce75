import { type DocumentBoundary, END_OF_TEXT, splitDocuments } from "./split-documents.ts";
import { stripWhiteSpace } from "./strip-white-space.ts";

export interface TakenDocuments {
  readonly documents: readonly string[];
  /** UTF-8 bytes of the documents. */
  readonly bytes: number;
  /** Whether a document is left out or cut, so that nothing later in the text can be taken. */
  readonly isFull: boolean;
  /** Whether the first document alone was too long, and is cut. */
  readonly isCut: boolean;
}

/**
 * Whole documents from the start of a text while their UTF-8 bytes together stay within `maxBytes`. A first document
 * that is longer by itself is cut at a character's boundary. With the boundary `none` that is the text's first
 * `maxBytes` bytes, white space around them not yet taken away.
 * @param isWhole false for the start of a longer text: its last document may go on
 */
export function takeDocuments(
  text: string,
  isWhole: boolean,
  boundary: DocumentBoundary,
  maxBytes: number,
): TakenDocuments {
  if (boundary === "none") return takeStart(text, maxBytes);
  const documents = splitDocuments(isWhole ? text : withoutCutMarker(text), boundary);
  let bytes = 0;
  for (const [index, document] of documents.entries()) {
    const more = Buffer.byteLength(document);
    if (bytes + more > maxBytes) {
      if (index === 0) return takeStart(document, maxBytes);
      return { documents: documents.slice(0, index), bytes, isFull: true, isCut: false };
    }
    bytes += more;
  }
  return { documents, bytes, isFull: false, isCut: false };
}

function takeStart(text: string, maxBytes: number): TakenDocuments {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  const start = stripWhiteSpace(text.slice(0, read));
  const isCut = read < text.length;
  const documents = start === "" ? [] : [start];
  return { documents, bytes: Buffer.byteLength(start), isFull: isCut, isCut };
}

/** Without the first characters of a marker at the end, which would count as a document's own. */
function withoutCutMarker(text: string): string {
  for (let length = END_OF_TEXT.length - 1; length > 0; length--) {
    if (text.endsWith(END_OF_TEXT.slice(0, length))) return text.slice(0, -length);
  }
  return text;
}
