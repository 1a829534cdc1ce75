import type { SpecialRole, TokenId, TokenKind, Vocabulary } from "@revocab/core";

export interface HandMadeEntry {
  readonly kind: TokenKind;
  readonly token: string;
  readonly bytes: Uint8Array;
  readonly roles: readonly SpecialRole[];
}

/**
 * A vocabulary written out by hand, so that a test of alignment or of a method needs no tokenizer file. It spells by
 * the longest text token first, then byte by byte.
 */
export function handMadeVocabulary(entries: readonly HandMadeEntry[]): Vocabulary {
  const idsByBytes = new Map<string, TokenId[]>();
  for (const wanted of ["text", "byte"] as const) {
    entries.forEach(({ kind, bytes }, id) => {
      if (kind === wanted) idsByBytes.set(keyOf(bytes), [...(idsByBytes.get(keyOf(bytes)) ?? []), id]);
    });
  }
  const idsOf = (bytes: Uint8Array): readonly TokenId[] => idsByBytes.get(keyOf(bytes)) ?? [];
  const indexOf = (isWanted: (entry: HandMadeEntry) => boolean): TokenId | undefined => {
    const id = entries.findIndex(isWanted);
    return id < 0 ? undefined : id;
  };

  return {
    size: entries.length,
    kindOf: (id) => entries[id].kind,
    rolesOf: (id) => entries[id].roles,
    idOfRole: (role) => indexOf(({ roles }) => roles.includes(role)),
    bytesOf: (id) => entries[id].bytes,
    tokenOf: (id) => entries[id].token,
    idsOf,
    idOfSpecial: (token) => indexOf((entry) => entry.kind === "special" && entry.token === token),
    spell(bytes) {
      const pieces: TokenId[] = [];
      for (let start = 0; start < bytes.length; ) {
        let end = bytes.length;
        while (end > start && idsOf(bytes.subarray(start, end)).length === 0) end--;
        if (end === start) return undefined;
        pieces.push(idsOf(bytes.subarray(start, end))[0]);
        start = end;
      }
      return Uint32Array.from(pieces);
    },
  };
}

export function text(string: string, token = string): HandMadeEntry {
  return { kind: "text", token, bytes: new TextEncoder().encode(string), roles: [] };
}

/** A text token for bytes that need not be UTF-8. */
export function textBytes(token: string, ...bytes: number[]): HandMadeEntry {
  return { kind: "text", token, bytes: Uint8Array.from(bytes), roles: [] };
}

export function byte(value: number): HandMadeEntry {
  const token = `<0x${value.toString(16).toUpperCase().padStart(2, "0")}>`;
  return { kind: "byte", token, bytes: Uint8Array.of(value), roles: [] };
}

export function special(token: string, ...roles: SpecialRole[]): HandMadeEntry {
  return { kind: "special", token, bytes: new TextEncoder().encode(token), roles };
}

export const UNUSED: HandMadeEntry = { kind: "unused", token: "", bytes: new Uint8Array(), roles: [] };

function keyOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
