import { displayBytes } from "@revocab/vocabulary/internal";
import { KINDS, type Packed, type PackedLists, type PackedVocabulary } from "../panels/panel-data.ts";

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
  const starts = startsOf(lengthOfId);
  const bytesOf = (id: number) => store.subarray(starts[id], starts[id + 1]);
  const kindOf = (id: number) => KINDS[kindOfId[id]!]!;
  return {
    size,
    kindOf,
    bytesOf,
    textOf: (id) => (kindOf(id) === "unused" ? `<unused ${id}>` : displayBytes(bytesOf(id))),
  };
}

/** The list of each id. */
export async function unpackLists({ counts, ids }: PackedLists): Promise<(id: number) => Uint32Array> {
  const countOf = new Uint32Array(await unpack(counts));
  const all = new Uint32Array(await unpack(ids));
  const starts = startsOf(countOf);
  return (id) => all.subarray(starts[id], starts[id + 1]);
}

/** [n + 1] where each part begins that has so many members, and where the last ends. */
export function startsOf(counts: Uint32Array | Uint16Array): Uint32Array {
  const starts = new Uint32Array(counts.length + 1);
  for (let place = 0; place < counts.length; place++) starts[place + 1] = starts[place]! + counts[place]!;
  return starts;
}

/** Bytes as a reader writes them: `e2 96 81`. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
