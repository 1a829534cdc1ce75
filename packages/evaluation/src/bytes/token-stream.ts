import { RevocabError, type TokenId } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";

/** A text, or the beginning of one, as the bytes that its tokens stand for. */
export interface TokenStream {
  /** The bytes of the text, after the space that the tokenizer puts first, if it does. */
  readonly bytes: Uint8Array;
  /** Bytes before those of the text: 0 or 1. */
  readonly lead: number;
  /** The tokenizer's own tokens for all whole characters. */
  readonly tokens: Uint32Array;
}

/**
 * @param text bytes that may end inside a character
 * @throws RevocabError `bad_text` when the bytes are no UTF-8, or the tokenizer does not give them back
 */
export async function tokenStream(
  tokenizer: Tokenizer,
  text: Uint8Array,
  putsSpaceFirst: boolean,
): Promise<TokenStream> {
  const whole = text.subarray(0, text.length - openBytes(text));
  const tokens = whole.length === 0 ? new Uint32Array(0) : await tokenizer.encode(decoded(whole));
  const { vocabulary, origin } = tokenizer;
  const special = tokens.find((token) => vocabulary.kindOf(token) === "special");
  if (special !== undefined) {
    throw new RevocabError(
      "bad_text",
      `${origin}: found the special token ${vocabulary.tokenOf(special)} in the tokens of the text, expected text only`,
      {
        hint: vocabulary.rolesOf(special).includes("unk")
          ? "the tokenizer cannot write some character of this text; its bytes have no probability"
          : "split the text at its special tokens first",
      },
    );
  }
  const spelled = Buffer.concat([...tokens].map((token: TokenId) => vocabulary.bytesOf(token)));
  const lead =
    whole.length === 0
      ? Number(putsSpaceFirst)
      : spelled.length === whole.length + 1 && spelled[0] === SPACE
        ? 1
        : 0;
  const difference = firstDifference(spelled.subarray(whole.length === 0 ? 0 : lead), whole);
  if (difference >= 0) {
    throw new RevocabError(
      "bad_text",
      `${origin}: the tokens of the text stand for other bytes than the text, from byte ${difference} on`,
      { hint: "the tokenizer changes the text (case, Unicode form, spaces); give the text in its own form" },
    );
  }
  return { bytes: Buffer.concat([lead === 1 ? LEAD : NOTHING, text]), lead, tokens };
}

const SPACE = 0x20;
const LEAD = Uint8Array.of(SPACE);
const NOTHING = new Uint8Array(0);

/** Bytes at the end that begin a character and do not finish it. */
function openBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const needed = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
      return back < needed ? back : 0;
    }
  }
  return 0;
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new RevocabError("bad_text", "found bytes that are no UTF-8 text, expected UTF-8", {
      hint: "a prefix may end inside a character, but not hold a broken one",
      cause,
    });
  }
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const most = Math.max(a.length, b.length);
  for (let i = 0; i < most; i++) if (a[i] !== b[i]) return i;
  return -1;
}
