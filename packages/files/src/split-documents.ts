/**
 * Where one document ends and the next begins:
 * - `endoftext`: at the marker `<|endoftext|>`;
 * - `blank-lines`: at one or more lines of nothing but spaces and tabs;
 * - `none`: nowhere, the text is one document.
 */
export type DocumentBoundary = "endoftext" | "blank-lines" | "none";

/** The user's choice; `auto` is `endoftext` where the marker occurs, else `blank-lines`. */
export type DocumentSplit = DocumentBoundary | "auto";

const END_OF_TEXT = "<|endoftext|>";

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

/**
 * A text without white space around it: what Python's `str.strip` takes away, for the reference figures are computed
 * there. JavaScript's `trim` differs in U+001C … U+001F, U+0085 and U+FEFF.
 */
function stripWhiteSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhiteSpace(text[start])) start++;
  while (end > start && isWhiteSpace(text[end - 1])) end--;
  return text.slice(start, end);
}

/** All are single UTF-16 units; Unicode leaves out the four separators of ASCII. */
function isWhiteSpace(unit: string): boolean {
  return /^\p{White_Space}$/u.test(unit) || (unit >= "\u001C" && unit <= "\u001F");
}
