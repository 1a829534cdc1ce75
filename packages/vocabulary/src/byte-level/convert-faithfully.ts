import { BYTE_ALPHABET, inByteAlphabet } from "../bytes/byte-alphabet.ts";
import {
  type ComponentDocument,
  type ModelDocument,
  mergesOf,
  type TokenizerDocument,
  type TokenizerParts,
} from "../tokenizer-json/tokenizer-document.ts";

/**
 * The tokenizer in GPT-2's byte alphabet, with its own normalizer, its own way to split text, and its own ids.
 * @returns the document itself if nothing has to change
 */
export function convertFaithfully(parts: TokenizerParts): TokenizerDocument {
  const { tokenizer, document, notation } = parts;
  const { vocabulary } = tokenizer;
  const missing = BYTE_ALPHABET.characterOf.filter(
    (_, byte) => vocabulary.idsOf(Uint8Array.of(byte)).length === 0,
  );
  if (notation.isByteLevel && missing.length === 0) return document;
  const forms = formsById(parts);
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
    ...(!notation.isByteLevel && faithfulComponents(parts)),
    model: {
      ...model,
      vocab: vocabOf(parts, forms, [...extra]),
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

/** How each id is written: undefined for a hole, and for an id with the same bytes as an earlier one. */
function formsById({ tokenizer, document, notation }: TokenizerParts): (string | undefined)[] {
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
  { tokenizer, document }: TokenizerParts,
  forms: readonly (string | undefined)[],
  extra: readonly string[],
): ModelDocument["vocab"] {
  const { vocab } = document.model;
  if (tokenizer.family !== "unigram") {
    const entries = [...forms, ...extra].map((form, id) => [form, id] as const);
    return Object.fromEntries(entries.filter(([form]) => form !== undefined));
  }
  // A Unigram's list has no holes. Bytes score less than any piece, as unknown characters do in the library.
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

/**
 * Normalizer, pre-tokenizer and decoder that give the same text, split in the same places, but with spaces instead of marks.
 * Components that only write the mark are removed, all others stay.
 */
function faithfulComponents({
  document,
  notation,
  tokenizer,
}: TokenizerParts): Pick<TokenizerDocument, "normalizer" | "pre_tokenizer" | "decoder"> {
  const mark = notation.spaceMark ?? "";
  const normalizers = flat(document.normalizer, "normalizers").flatMap((one) => normalizer(one, mark));
  const cutters = flat(document.pre_tokenizer, "pretokenizers").flatMap((one) => preTokenizer(one, mark));
  const isWordPiece = tokenizer.family === "wordpiece";
  if (!cutters.some(({ type }) => type === "ByteLevel")) cutters.push(byteLevel(isWordPiece));
  const hasPrefix =
    normalizers.some(({ type }) => type === "Prepend") ||
    cutters.some(({ type, add_prefix_space }) => type === "ByteLevel" && add_prefix_space === true);
  const decoders = [
    byteLevel(false),
    ...(hasPrefix ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
  ];
  return {
    normalizer: sequence(normalizers, "normalizers") ?? null,
    pre_tokenizer: sequence(cutters, "pretokenizers") ?? null,
    decoder: sequence(decoders, "decoders") ?? null,
  };
}

function normalizer(one: ComponentDocument, mark: string): readonly ComponentDocument[] {
  if (mark === "") return [one];
  if (one.type === "Prepend" && typeof one.prepend === "string") {
    return [{ ...one, prepend: one.prepend.replaceAll(mark, " ") }];
  }
  if (one.type !== "Replace" || typeof one.content !== "string") return [one];
  const isOfMark = (one.pattern as { String?: unknown } | undefined)?.String === " " && one.content === mark;
  return isOfMark ? [] : [{ ...one, content: one.content.replaceAll(mark, " ") }];
}

/** A Metaspace splits before its mark and may put one before a text without any, as ByteLevel does with a space. */
function preTokenizer(one: ComponentDocument, mark: string): readonly ComponentDocument[] {
  if (one.type !== "Metaspace" || mark === "") return [one];
  const addsPrefix =
    one.prepend_scheme === undefined ? one.add_prefix_space !== false : one.prepend_scheme !== "never";
  const cut = { type: "Split", pattern: { String: "Ġ" }, behavior: "MergedWithNext", invert: false };
  return [byteLevel(addsPrefix), ...(one.split === false ? [] : [cut])];
}

function byteLevel(addsPrefix: boolean): ComponentDocument {
  return { type: "ByteLevel", add_prefix_space: addsPrefix, trim_offsets: true, use_regex: false };
}

function flat(component: ComponentDocument | null | undefined, field: string): readonly ComponentDocument[] {
  if (component === null || component === undefined) return [];
  if (component.type !== "Sequence") return [component];
  return (component[field] as readonly ComponentDocument[]).flatMap((one) => flat(one, field));
}

function sequence(parts: readonly ComponentDocument[], field: string): ComponentDocument | undefined {
  return parts.length > 1 ? { type: "Sequence", [field]: parts } : parts[0];
}

/**
 * Merges that build characters from their bytes: the first two, then the third, then the fourth. In UTF-8 the first byte marks
 * the beginning of a character, so no such merge can join bytes of two characters.
 * @param forms tokens in GPT-2's alphabet; those of one character are composed
 */
function composingMerges(forms: readonly string[]): (readonly [string, string])[] {
  const merges = new Map<string, readonly [string, string]>();
  for (const form of forms) {
    if (!isOneCharacter(form)) continue;
    for (let end = 2; end <= form.length; end++) {
      merges.set(form.slice(0, end), [form.slice(0, end - 1), form[end - 1]]);
    }
  }
  return [...merges.values()].sort((a, b) => a[0].length - b[0].length);
}

/** A character of two to four bytes. */
function isOneCharacter(form: string): boolean {
  if (form.length < 2 || form.length > 4) return false;
  const bytes = Uint8Array.from(form, (character) => BYTE_ALPHABET.byteOf[character.charCodeAt(0)] ?? 0);
  return (
    bytes.length === lengthBy(bytes[0]) && bytes.subarray(1).every((byte) => byte >= 0x80 && byte < 0xc0)
  );
}

/** The length of a character with this first byte; 0 for a byte that begins none. */
function lengthBy(lead: number): number {
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}
