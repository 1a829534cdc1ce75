import type { ConversionSubject } from "./conversion-subject.ts";
import type { ComponentDocument, TokenizerDocument } from "./tokenizer-document.ts";

/**
 * Normalizer, pre-tokenizer and decoder for the same text cut in the same places, but with spaces where a mark stood:
 * what only writes the mark goes, all else stays.
 */
export function faithfulComponents({
  document,
  notation,
  tokenizer,
}: ConversionSubject): Pick<TokenizerDocument, "normalizer" | "pre_tokenizer" | "decoder"> {
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

/** A Metaspace cuts before its mark and may put one before a text that has none: as ByteLevel does with a space. */
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
