import type { SpecialRole, TokenId, TokenKind, Vocabulary } from "@revocab/core";
import { type ByteIndex, buildByteIndex } from "./bytes/byte-index.ts";
import { ByteSink } from "./bytes/byte-sink.ts";
import { writeToken } from "./bytes/write-token.ts";
import type { Notation } from "./notation.ts";
import type { Specials } from "./special/find-specials.ts";
import { spellerOf } from "./spell/speller-of.ts";
import type { TokenizerJson } from "./tokenizer-json/tokenizer-json.ts";

/**
 * The bytes, kind and roles of every id. An added token stands for its own content; one that is not special is text.
 * BERT's `[unused1]` … are unused: no text produces them.
 */
export function vocabularyOf(json: TokenizerJson, notation: Notation, specials: Specials): Vocabulary {
  const tokens = [...json.pieces];
  for (const { id, content } of json.added) {
    // Filled one by one: an array that skips to a far index turns into a slow dictionary.
    while (tokens.length <= id) tokens.push(undefined);
    tokens[id] = content;
  }
  const { kinds, offsets, store } = writeTokens(tokens, json, notation, specials);
  const index = buildByteIndex(offsets, store, preferredOrder(kinds));
  const bytesOf = (id: TokenId): Uint8Array =>
    id >= 0 && id < tokens.length ? store.subarray(offsets[id], offsets[id + 1]) : NO_BYTES;
  const idsOf = (bytes: Uint8Array): TokenId[] => {
    const ids: TokenId[] = [];
    for (let id = index.find(bytes, 0, bytes.length); id >= 0; id = index.next(id)) ids.push(id);
    return ids;
  };
  const rolesOf = new Map<TokenId, SpecialRole[]>();
  for (const [role, id] of specials.idOfRole) rolesOf.set(id, [...(rolesOf.get(id) ?? []), role]);
  const idOfSpecial = new Map([...specials.tokenOf].map(([id, token]) => [token, id]));
  let spell: Vocabulary["spell"] | undefined;
  return {
    size: tokens.length,
    kindOf: (id) => KINDS[kinds[id] ?? 0],
    rolesOf: (id) => rolesOf.get(id) ?? NO_ROLES,
    idOfRole: (role) => specials.idOfRole.get(role),
    bytesOf,
    tokenOf: (id) => tokens[id] ?? "",
    idsOf,
    idOfSpecial: (token) => idOfSpecial.get(token),
    spell(bytes) {
      spell ??= spellerOf({
        json,
        notation,
        index: index satisfies ByteIndex,
        kindOf: (id) => KINDS[kinds[id]],
      });
      return spell(bytes);
    },
  };
}

const KINDS: readonly TokenKind[] = ["unused", "text", "byte", "special"];
const NO_BYTES = new Uint8Array(0);
const NO_ROLES: readonly SpecialRole[] = [];

function writeTokens(
  tokens: readonly (string | undefined)[],
  json: TokenizerJson,
  notation: Notation,
  specials: Specials,
): { kinds: Uint8Array; offsets: Uint32Array; store: Uint8Array } {
  const added = new Set(json.added.map(({ id }) => id));
  const kinds = new Uint8Array(tokens.length);
  const offsets = new Uint32Array(tokens.length + 1);
  const sink = new ByteSink();
  for (let id = 0; id < tokens.length; id++) {
    const token = tokens[id];
    let kind: TokenKind = "unused";
    if (specials.tokenOf.has(id)) {
      kind = "special";
      sink.text(token ?? "");
    } else if (token !== undefined && added.has(id)) {
      kind = "text";
      sink.text(notation.spaceMark === undefined ? token : token.replaceAll(notation.spaceMark, " "));
    } else if (
      token !== undefined &&
      token !== "" &&
      !(json.model.type === "WordPiece" && PLACEHOLDER.test(token))
    ) {
      kind = writeToken(token, notation, sink);
    }
    kinds[id] = KINDS.indexOf(kind);
    offsets[id + 1] = sink.length;
  }
  return { kinds, offsets, store: sink.finish() };
}

const PLACEHOLDER = /^\[unused\d+\]$/;

/** Text before byte tokens, lowest id first: where both stand for a byte, the text token is the trained one. */
function preferredOrder(kinds: Uint8Array): Uint32Array {
  const order: TokenId[] = [];
  for (const kind of [KINDS.indexOf("text"), KINDS.indexOf("byte")]) {
    for (let id = 0; id < kinds.length; id++) if (kinds[id] === kind) order.push(id);
  }
  return Uint32Array.from(order);
}
