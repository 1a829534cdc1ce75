import type { SpecialRole, TokenId, TokenKind, Vocabulary } from "@revocab/core";
import { BYTE_ALPHABET } from "./bytes/byte-alphabet.ts";
import { buildByteIndex } from "./bytes/byte-index.ts";
import { ByteSink } from "./bytes/byte-sink.ts";
import type { Specials } from "./find-specials.ts";
import type { Notation } from "./notation.ts";
import { type BpeNeighbours, bpeNeighbours } from "./spell/bpe-neighbours.ts";
import { spellerOf } from "./spell/speller-of.ts";
import type { Tokenizer } from "./tokenizer.ts";
import type { TokenizerJson } from "./tokenizer-json/tokenizer-json.ts";

/**
 * The bytes, kind and roles of every id. An added token stands for its own content; if it is not special, it is text.
 * BERT's `[unused1]` … are unused: no text is encoded with them.
 */
export function vocabularyOf(
  json: TokenizerJson,
  notation: Notation,
  specials: Specials,
): Pick<Tokenizer, "vocabulary" | "vocabularyWithout" | "bpeNeighbours"> {
  const addedContent = new Map(json.added.map(({ id, content }) => [id, content]));
  const size = json.added.reduce((most, { id }) => Math.max(most, id + 1), json.pieces.size);
  const { kinds, offsets, store } = writeTokens(size, json, addedContent, notation, specials);
  const index = buildByteIndex(offsets.subarray(0, size), offsets.subarray(1), store, preferredOrder(kinds));
  const rolesOf = new Map<TokenId, SpecialRole[]>();
  for (const [role, id] of specials.idOfRole) rolesOf.set(id, [...(rolesOf.get(id) ?? []), role]);
  const idOfSpecial = new Map([...specials.tokenOf].map(([id, token]) => [token, id]));
  const bytesOf = (id: TokenId): Uint8Array =>
    id >= 0 && id < size ? store.subarray(offsets[id], offsets[id + 1]) : NO_BYTES;

  const vocabularyWithout = (tokens: ReadonlySet<TokenId>): Vocabulary => {
    const hidden = new Map(Array.from(tokens, (id) => [id, bytesOf(id)]));
    const unlessHidden = (id: TokenId | undefined) => (id === undefined || hidden.has(id) ? undefined : id);
    const kindOf = (id: TokenId): TokenKind => (hidden.has(id) ? "unused" : KINDS[kinds[id] ?? 0]);
    let spell: Vocabulary["spell"] | undefined;
    return {
      size,
      kindOf,
      rolesOf: (id) => (hidden.has(id) ? NO_ROLES : (rolesOf.get(id) ?? NO_ROLES)),
      idOfRole: (role) => unlessHidden(specials.idOfRole.get(role)),
      bytesOf: (id) => (hidden.has(id) ? NO_BYTES : bytesOf(id)),
      tokenOf: (id) => (hidden.has(id) ? "" : (addedContent.get(id) ?? json.pieces.at(id) ?? "")),
      idsOf(bytes) {
        const ids: TokenId[] = [];
        for (let id = index.find(bytes, 0, bytes.length); id >= 0; id = index.next(id)) {
          if (!hidden.has(id)) ids.push(id);
        }
        // stable: those of one kind stay in their order
        return ids.length < 2
          ? ids
          : ids.sort((a, b) => Number(addedContent.has(b)) - Number(addedContent.has(a)));
      },
      idOfSpecial: (token) => unlessHidden(idOfSpecial.get(token)),
      spell(bytes) {
        spell ??= spellerOf({ json, notation, index, kindOf, hidden });
        return spell(bytes);
      },
    };
  };
  const vocabulary = vocabularyWithout(new Set());
  let neighbours: BpeNeighbours | undefined;
  return {
    vocabulary,
    vocabularyWithout,
    bpeNeighbours() {
      const { model } = json;
      if (model.type !== "BPE") return undefined;
      neighbours ??= bpeNeighbours(
        { json, notation, index, kindOf: vocabulary.kindOf, hidden: new Map() },
        model,
        bytesOf,
      );
      return neighbours;
    },
  };
}

const KINDS: readonly TokenKind[] = ["unused", "text", "byte", "special"];
const NO_BYTES = new Uint8Array(0);
const NO_ROLES: readonly SpecialRole[] = [];

function writeTokens(
  size: number,
  json: TokenizerJson,
  addedContent: ReadonlyMap<TokenId, string>,
  notation: Notation,
  specials: Specials,
): { kinds: Uint8Array; offsets: Uint32Array; store: Uint8Array } {
  const kinds = new Uint8Array(size);
  const offsets = new Uint32Array(size + 1);
  const sink = new ByteSink();
  const write = tokenWriter(notation, sink);
  for (let id = 0; id < size; id++) {
    const special = specials.tokenOf.get(id);
    const content = addedContent.get(id);
    let kind: TokenKind = "unused";
    if (special !== undefined) {
      kind = "special";
      sink.text(special);
    } else if (content !== undefined) {
      kind = "text";
      sink.text(notation.spaceMark === undefined ? content : content.replaceAll(notation.spaceMark, " "));
    } else if (json.pieces.has(id) && !isPlaceholder(id, json)) {
      kind = write(json.pieces.bytesAt(id));
      if (sink.length === offsets[id]) kind = "unused";
    }
    kinds[id] = KINDS.indexOf(kind);
    offsets[id + 1] = sink.length;
  }
  return { kinds, offsets, store: sink.finish() };
}

function isPlaceholder(id: TokenId, { model, pieces }: TokenizerJson): boolean {
  return model.type === "WordPiece" && pieces.bytesAt(id)[0] === 0x5b && PLACEHOLDER.test(pieces.at(id)!);
}

const PLACEHOLDER = /^\[unused\d+\]$/;

/** Text tokens before byte tokens, lowest id first: if both stand for the same byte, the text token is the trained one. */
function preferredOrder(kinds: Uint8Array): Uint32Array {
  const order = new Uint32Array(kinds.length);
  let count = 0;
  for (const kind of [KINDS.indexOf("text"), KINDS.indexOf("byte")]) {
    for (let id = 0; id < kinds.length; id++) if (kinds[id] === kind) order[count++] = id;
  }
  return order.subarray(0, count);
}

/**
 * Makes the function that writes the bytes that a piece, given in UTF-8, stands for:
 * `Ġcafé` in GPT-2's alphabet → ` café` · `▁你` → ` 你` · `<0x0A>` → `\n` · `##ing` → `ing` · `ing` → ` ing` (WordPiece).
 */
function tokenWriter(notation: Notation, sink: ByteSink): (piece: Uint8Array) => "text" | "byte" {
  const prefix = Buffer.from(notation.continuingPrefix);
  const suffix = Buffer.from(notation.endSuffix);
  const mark = Buffer.from(notation.spaceMark ?? "");
  return (piece) => {
    const byte = notation.hasByteTokens ? byteOfPiece(piece) : -1;
    if (byte >= 0) {
      sink.byte(byte);
      return "byte";
    }
    let start = 0;
    let end = piece.length;
    if (prefix.length > 0 && end > prefix.length && isAt(piece, 0, prefix)) start = prefix.length;
    else if (notation.startsWithSpace) sink.byte(0x20);
    const endsWord =
      suffix.length > 0 && end - suffix.length >= start && isAt(piece, end - suffix.length, suffix);
    if (endsWord) end -= suffix.length;
    if (!(notation.isByteLevel && writeByteLevel(piece, start, end, sink)))
      writeMarked(piece, start, end, mark, sink);
    if (endsWord) sink.byte(0x20);
    return "text";
  };
}

/** The byte that `<0xHH>` names, or −1 for any other piece. */
function byteOfPiece(piece: Uint8Array): number {
  if (piece.length !== 6 || piece[0] !== 0x3c || piece[1] !== 0x30 || piece[2] !== 0x78 || piece[5] !== 0x3e)
    return -1;
  const digits = String.fromCharCode(piece[3], piece[4]);
  return /^[0-9A-Fa-f]{2}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
}

/** Writes nothing and gives false if a character is outside the alphabet: such a token stands for its own text. */
function writeByteLevel(piece: Uint8Array, start: number, end: number, sink: ByteSink): boolean {
  const length = sink.length;
  for (let i = start; i < end; ) {
    const lead = piece[i];
    // The alphabet ends at U+0143: all of it is one or two bytes of UTF-8.
    const code = lead < 0x80 ? lead : lead < 0xe0 ? ((lead & 0x1f) << 6) | (piece[i + 1] & 0x3f) : -1;
    const byte = BYTE_ALPHABET.byteOf[code] ?? -1;
    if (byte < 0) {
      sink.rewind(length);
      return false;
    }
    sink.byte(byte);
    i += lead < 0x80 ? 1 : 2;
  }
  return true;
}

function writeMarked(piece: Uint8Array, start: number, end: number, mark: Uint8Array, sink: ByteSink): void {
  for (let i = start; i < end; ) {
    const isMark = mark.length > 0 && i + mark.length <= end && isAt(piece, i, mark);
    sink.byte(isMark ? 0x20 : piece[i]);
    i += isMark ? mark.length : 1;
  }
}

function isAt(piece: Uint8Array, start: number, part: Uint8Array): boolean {
  for (let i = 0; i < part.length; i++) if (piece[start + i] !== part[i]) return false;
  return true;
}
