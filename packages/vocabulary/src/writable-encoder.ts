import { mapAhead, RevocabError, throwIfAborted } from "@revocab/core";
import type { Tokenizer } from "./tokenizer.ts";

/** The encodable part of a text. */
export interface WrittenText {
  readonly ids: Uint32Array;
  /** What was left out, in the order of the text: characters, or whole words for WordPiece and WordLevel. */
  readonly refused: readonly string[];
}

/**
 * The result of an encoding; `undefined` if the tokenizer refuses the text because a part of it has no token, not even an
 * unknown one.
 */
export async function unlessRefused<Encoding>(encoding: Promise<Encoding>): Promise<Encoding | undefined> {
  try {
    return await encoding;
  } catch (error) {
    if (error instanceof RevocabError && error.code === "unknown_text") return undefined;
    throw error;
  }
}

/**
 * Encodes texts with a tokenizer that may have no unknown token. From a text that it refuses, the characters without a token
 * are dropped, as a BPE does by itself; WordPiece and WordLevel lose the whole word. If what is left is still refused (white
 * space without a token), the whole text is dropped.
 */
export function writableEncoder({
  encode,
  family,
}: Pick<Tokenizer, "encode" | "family">): (text: string, abortSignal?: AbortSignal) => Promise<WrittenText> {
  const losesWords = family === "wordpiece" || family === "wordlevel";
  const isWritten = async (text: string) => (await unlessRefused(encode(text))) !== undefined;
  /** Results of the stretches tried so far. */
  const known = new Map<string, Pick<WrittenText, "refused"> & { readonly kept: string }>();

  const writable = async (stretch: string) => {
    if (await isWritten(stretch)) return { kept: stretch, refused: [] };
    const kept: string[] = [];
    const refused: string[] = [];
    if (!losesWords) {
      const characters = [...stretch];
      const areWritten = await Promise.all(characters.map(isWritten));
      for (const [place, character] of characters.entries()) {
        (areWritten[place] ? kept : refused).push(character);
      }
    }
    const rest = kept.join("");
    return rest !== "" && (await isWritten(rest))
      ? { kept: rest, refused }
      : { kept: "", refused: [stretch] };
  };

  const trial = async (stretch: string) => known.get(stretch) ?? writable(stretch);

  return async (text, abortSignal) => {
    const whole = await unlessRefused(encode(text));
    if (whole !== undefined) return { ids: whole, refused: [] };
    const kept: string[] = [];
    const refused: string[] = [];
    const stretches = Array.from(text.matchAll(STRETCH), ([stretch]) => stretch);
    for await (const [stretch, found] of mapAhead(new Set(stretches), trial)) {
      throwIfAborted(abortSignal);
      known.set(stretch, found);
    }
    for (const stretch of stretches) {
      const found = known.get(stretch)!;
      kept.push(found.kept);
      refused.push(...found.refused);
    }
    const ids = await unlessRefused(encode(kept.join("")));
    return ids === undefined ? { ids: new Uint32Array(0), refused: [text] } : { ids, refused };
  };
}

/** Words, numbers, white space, and signs one by one. */
const STRETCH = /[\p{L}\p{M}]+|\p{N}+|\s+|./gsu;
