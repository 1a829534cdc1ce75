import { type ComponentJson, components, type TokenizerJson } from "./tokenizer-json/tokenizer-json.ts";

export type TokenizerFamily =
  | "byte-level-bpe"
  | "sentencepiece-bpe"
  | "character-bpe"
  | "unigram"
  | "wordpiece"
  | "wordlevel";

/**
 * How this tokenizer writes its pieces, read from the components around the model: a ByteLevel normalizer, pre-tokenizer or
 * decoder means GPT-2's alphabet; Metaspace, or a Replace between " " and another character, gives the space mark. A Unigram
 * with neither uses `▁`, SentencePiece's mark.
 */
export function readNotation(json: TokenizerJson): { family: TokenizerFamily; notation: Notation } {
  const { model } = json;
  const normalizers = components(json.normalizer);
  const preTokenizers = components(json.preTokenizer);
  const decoders = components(json.decoder);
  const isByteLevel = [...normalizers, ...preTokenizers, ...decoders].some(
    ({ type }) => type === "ByteLevel",
  );
  const declaredMark = isByteLevel ? undefined : spaceMark(normalizers, preTokenizers, decoders);
  const mark = declaredMark ?? (model.type === "Unigram" && !isByteLevel ? "▁" : undefined);
  const hasByteTokens =
    ("hasByteFallback" in model && model.hasByteFallback) ||
    decoders.some(({ type }) => type === "ByteFallback");
  const continuingPrefix = "continuingPrefix" in model ? model.continuingPrefix : "";
  const endSuffix = model.type === "BPE" ? model.endSuffix : "";
  const isMarked = isByteLevel || mark !== undefined || endSuffix !== "";
  const notation: Notation = {
    isByteLevel,
    spaceMark: mark,
    hasByteTokens: hasByteTokens && !isByteLevel,
    continuingPrefix,
    endSuffix,
    startsWithSpace:
      !isMarked &&
      (model.type === "WordLevel"
        ? preTokenizers.some(dropsSpaces) && decoders.length === 0
        : continuingPrefix !== ""),
  };
  return { family: familyOf(model.type, notation), notation };
}

function spaceMark(
  normalizers: readonly ComponentJson[],
  preTokenizers: readonly ComponentJson[],
  decoders: readonly ComponentJson[],
): string | undefined {
  for (const { type, replacement } of [...preTokenizers, ...decoders]) {
    if (type === "Metaspace" && typeof replacement === "string") return replacement;
  }
  for (const { type, pattern, content } of normalizers) {
    if (type === "Replace" && literal(pattern) === " " && typeof content === "string" && content !== "")
      return content;
  }
  for (const { type, pattern, content } of decoders) {
    const mark = literal(pattern);
    if (type === "Replace" && content === " " && mark) return mark;
  }
  return undefined;
}

function literal(pattern: unknown): string | undefined {
  if (typeof pattern !== "object" || pattern === null || !("String" in pattern)) return undefined;
  return typeof pattern.String === "string" ? pattern.String : undefined;
}

/** Without a decoder the library joins tokens with spaces. If spaces were dropped, each token therefore includes one. */
function dropsSpaces({ type }: ComponentJson): boolean {
  return type === "Whitespace" || type === "WhitespaceSplit" || type === "BertPreTokenizer";
}

function familyOf(type: TokenizerJson["model"]["type"], notation: Notation): TokenizerFamily {
  if (type === "Unigram") return "unigram";
  if (type === "WordPiece") return "wordpiece";
  if (type === "WordLevel") return "wordlevel";
  if (notation.isByteLevel) return "byte-level-bpe";
  return notation.spaceMark !== undefined || notation.hasByteTokens ? "sentencepiece-bpe" : "character-bpe";
}

/** How the file of a tokenizer writes the bytes that its tokens stand for. */
export interface Notation {
  /** Every character is a byte in GPT-2's alphabet. */
  readonly isByteLevel: boolean;
  /** The character that stands for a space, such as `▁`. */
  readonly spaceMark: string | undefined;
  /** `<0x0A>` is the byte 0x0A. */
  readonly hasByteTokens: boolean;
  /** The prefix of a piece inside a word (`##`), or "". */
  readonly continuingPrefix: string;
  /** The suffix of the last piece of a word (`</w>`), which stands for a space, or "". */
  readonly endSuffix: string;
  /** A piece without the continuing prefix stands for a space and its characters. */
  readonly startsWithSpace: boolean;
}
