export interface TokenizerJsonParts {
  readonly model: object;
  readonly added?: readonly object[];
  readonly normalizer?: object | null;
  readonly preTokenizer?: object | null;
  readonly postProcessor?: object | null;
  readonly decoder?: object | null;
  readonly truncation?: object | null;
  readonly padding?: object | null;
}

/** A tokenizer.json as text; parts that are not given are null, as the tokenizers library writes them. */
export function tokenizerJson(parts: TokenizerJsonParts): string {
  return JSON.stringify({
    version: "1.0",
    truncation: parts.truncation ?? null,
    padding: parts.padding ?? null,
    added_tokens: parts.added ?? [],
    normalizer: parts.normalizer ?? null,
    pre_tokenizer: parts.preTokenizer ?? null,
    post_processor: parts.postProcessor ?? null,
    decoder: parts.decoder ?? null,
    model: parts.model,
  });
}

/** An entry of `added_tokens`: a special token without any flags, unless others are given. */
export function added(id: number, content: string, flags: object = {}): object {
  return {
    id,
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    ...flags,
  };
}

/** A BPE with all its options at their defaults. */
export function bpeModel(
  vocab: Readonly<Record<string, number>>,
  merges: readonly (string | readonly string[])[],
): object {
  return {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab,
    merges,
  };
}

/** `<0x00>` to `<0xFF>`: the tokens that a SentencePiece vocabulary has for bytes. */
export const BYTE_TOKENS: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
);

/** A vocabulary in which each piece has its place as id. */
export function numbered(pieces: Iterable<string>): Record<string, number> {
  return Object.fromEntries(Array.from(pieces, (piece, id) => [piece, id]));
}

/** The pre-tokenizer, or the decoder, of a byte-level BPE. */
export function byteLevel(addsSpace: boolean): object {
  return { type: "ByteLevel", add_prefix_space: addsSpace, trim_offsets: true, use_regex: true };
}
