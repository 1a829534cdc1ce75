import type { PageVocabulary } from "./unpack.ts";

/** What a search looks at. */
export const SEARCHES = { text: "text", bytes: "bytes in hex", id: "id" } as const;
export type SearchBy = keyof typeof SEARCHES;

/**
 * The tokens whose bytes have those of the query in them, or whose id it is: exact ones first, then those that begin with it,
 * then the others, each by id.
 * @returns a sentence for a query that is none
 */
export function searchVocabulary(
  vocabulary: PageVocabulary,
  by: SearchBy,
  query: string,
  isWanted: (id: number) => boolean = () => true,
): readonly number[] | string {
  if (by === "id") return findId(vocabulary, query);
  const wanted = by === "text" ? new TextEncoder().encode(query) : parseHex(query);
  if (wanted === undefined) return "Bytes are written in hex, two digits each: e2 96 81.";
  const found: [exact: number[], first: number[], inside: number[]] = [[], [], []];
  for (let id = 0; id < vocabulary.size; id++) {
    if (!isWanted(id)) continue;
    const bytes = vocabulary.bytesOf(id);
    const at = indexOf(bytes, wanted);
    if (at < 0) continue;
    found[at > 0 ? 2 : bytes.length > wanted.length ? 1 : 0].push(id);
  }
  return found.flat();
}

function findId({ size }: PageVocabulary, query: string): readonly number[] | string {
  const text = query.trim();
  if (text === "") return [];
  const id = Number(text);
  if (Number.isInteger(id) && id >= 0 && id < size) return [id];
  return `Ids are numbers from 0 to ${size - 1}.`;
}

function parseHex(query: string): Uint8Array | undefined {
  const digits = query.replace(/0x|\\x|[\s,]/gi, "");
  if (digits.length % 2 === 1 || /[^0-9a-f]/i.test(digits)) return undefined;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Where `wanted` is in `bytes`, or −1. */
function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  const last = bytes.length - wanted.length;
  for (let at = 0; at <= last; at++) {
    let same = 0;
    while (same < wanted.length && bytes[at + same] === wanted[same]) same++;
    if (same === wanted.length) return at;
  }
  return -1;
}
