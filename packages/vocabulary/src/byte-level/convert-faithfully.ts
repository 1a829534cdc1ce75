import { BYTE_ALPHABET } from "../bytes/byte-alphabet.ts";
import { composingMerges } from "./composing-merges.ts";
import type { ConversionSubject } from "./conversion-subject.ts";
import { faithfulComponents } from "./faithful-components.ts";
import { inByteAlphabet } from "./in-byte-alphabet.ts";
import { type ModelDocument, mergesOf, type TokenizerDocument } from "./tokenizer-document.ts";

/**
 * The tokenizer in GPT-2's byte alphabet, with its own normalizer, its own way to cut text, and its own ids.
 * @returns the document itself where nothing has to change
 */
export function convertFaithfully(subject: ConversionSubject): TokenizerDocument {
  const { tokenizer, document, notation } = subject;
  const { vocabulary } = tokenizer;
  const missing = BYTE_ALPHABET.characterOf.filter(
    (_, byte) => vocabulary.idsOf(Uint8Array.of(byte)).length === 0,
  );
  if (notation.isByteLevel && missing.length === 0) return document;
  const forms = formsById(subject);
  const { model } = document;
  let merges: readonly (readonly [string, string])[] | undefined;
  const extra = new Set(missing);
  if (tokenizer.family === "sentencepiece-bpe") {
    const known = new Set(forms);
    const composed = composingMerges(forms.filter((form) => form !== undefined));
    for (const [a, b] of composed) if (!known.has(a + b)) extra.add(a + b);
    const own = mergesOf(model).map(([a, b]) => [writePiece(a), writePiece(b)] as const);
    merges = [
      ...composed,
      ...own.filter((pair) => [...pair, pair.join("")].every((form) => known.has(form))),
    ];
  }
  return {
    ...document,
    ...(!notation.isByteLevel && faithfulComponents(subject)),
    model: {
      ...model,
      vocab: vocabOf(subject, forms, [...extra]),
      ...(merges !== undefined && { merges: merges.map((pair) => pair.join(" ")) }),
      ...(model.byte_fallback !== undefined && { byte_fallback: false }),
      ...(tokenizer.family === "wordpiece" && wordPieceSettings(model)),
    },
  };

  function writePiece(piece: string): string {
    const { spaceMark } = notation;
    return inByteAlphabet(spaceMark === undefined ? piece : piece.replaceAll(spaceMark, " "));
  }
}

/** What each id is written as: undefined for a hole, and for an id whose bytes another one stands for already. */
function formsById({ tokenizer, document, notation }: ConversionSubject): (string | undefined)[] {
  const { vocabulary } = tokenizer;
  const added = new Map((document.added_tokens ?? []).map(({ id, content }) => [id, content]));
  return Array.from({ length: vocabulary.size }, (_, id) => {
    const content = added.get(id);
    if (content !== undefined) return content;
    const kind = vocabulary.kindOf(id);
    const token = vocabulary.tokenOf(id);
    if (kind === "unused" || kind === "special" || notation.isByteLevel)
      return token === "" ? undefined : token;
    const bytes = vocabulary.bytesOf(id);
    const [first] = vocabulary.idsOf(bytes).filter((other) => !added.has(other));
    return first === id ? inByteAlphabet(bytes) : undefined;
  });
}

function vocabOf(
  { tokenizer, document }: ConversionSubject,
  forms: readonly (string | undefined)[],
  extra: readonly string[],
): ModelDocument["vocab"] {
  const { vocab } = document.model;
  if (tokenizer.family !== "unigram") {
    const entries = [...forms, ...extra].map((form, id) => [form, id] as const);
    return Object.fromEntries(entries.filter(([form]) => form !== undefined));
  }
  // A Unigram's list has no holes. Bytes are worth less than any piece, as a character without a piece is in the library.
  const scored = vocab as readonly (readonly [string, number])[];
  const { vocabulary } = tokenizer;
  const scores = scored.map(([, score]) => score);
  const least = scores.reduce((a, b) => Math.min(a, b), 0) - 10;
  const pieces = forms.map((form, id) => {
    const isByte = vocabulary.kindOf(id) === "byte";
    return [form ?? `<unused ${id}>`, form === undefined || isByte ? least : (scores[id] ?? 0)] as const;
  });
  return [...pieces, ...extra.map((form) => [form, least] as const)];
}

/** A word of n characters has up to 4n bytes, and the space before it. */
function wordPieceSettings({ max_input_chars_per_word: longest }: ModelDocument) {
  return {
    continuing_subword_prefix: "",
    max_input_chars_per_word: 4 * (typeof longest === "number" ? longest : 100) + 1,
  };
}
