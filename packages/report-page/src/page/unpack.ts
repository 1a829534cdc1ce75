import { displayBytes } from "@revocab/vocabulary/internal";
import { KINDS, type Packed, type PackedVocabulary } from "../panels/panel-data.ts";

export async function unpack(packed: Packed): Promise<ArrayBuffer> {
  const text = atob(packed);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).arrayBuffer();
}

/** What the ids of a vocabulary stand for. */
export interface PageVocabulary {
  readonly size: number;
  kindOf(id: number): (typeof KINDS)[number];
  bytesOf(id: number): Uint8Array;
  /** The token for the reader: escaped, so that it cannot move or turn anything. */
  textOf(id: number): string;
}

export async function unpackVocabulary({
  size,
  kinds,
  lengths,
  bytes,
}: PackedVocabulary): Promise<PageVocabulary> {
  const [kindOfId, lengthOfId, store] = await Promise.all([
    unpack(kinds).then((buffer) => new Uint8Array(buffer)),
    unpack(lengths).then((buffer) => new Uint16Array(buffer)),
    unpack(bytes).then((buffer) => new Uint8Array(buffer)),
  ]);
  const starts = new Uint32Array(size + 1);
  for (let id = 0; id < size; id++) starts[id + 1] = starts[id]! + lengthOfId[id]!;
  const bytesOf = (id: number) => store.subarray(starts[id], starts[id + 1]);
  const kindOf = (id: number) => KINDS[kindOfId[id]!]!;
  return {
    size,
    kindOf,
    bytesOf,
    textOf: (id) => (kindOf(id) === "unused" ? `<unused ${id}>` : displayBytes(bytesOf(id))),
  };
}

/** Bytes as a reader writes them: `e2 96 81`. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
