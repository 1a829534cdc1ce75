import type { SpecialRole, TokenId, Vocabulary } from "@revocab/core";
import type { TokenizerFamily } from "./notation.ts";
import type { TokenizerReading } from "./reference/tokenizer-reading.ts";
import type { BpeNeighbours } from "./spell/bpe-neighbours.ts";
import type { TextCuts } from "./text-cuts.ts";
import type { TextFrame } from "./text-frame.ts";

/**
 * A tokenizer: its vocabulary, the files that a model folder needs of it, and the Rust library that runs it in a process of its own: a file that
 * the library does not survive is a `bad_tokenizer` of the method that was called.
 */
export interface Tokenizer {
  readonly vocabulary: Vocabulary;
  /**
   * The vocabulary as if some tokens did not exist: the same ids and size, with holes in their places, and other tokens in
   * every spelling. BPE takes a hidden token apart into what its last merge joined, so that longer tokens built on it keep
   * their spelling; Unigram and WordPiece search without it. What then cannot be spelled is `undefined`.
   */
  vocabularyWithout(hidden: ReadonlySet<TokenId>): Vocabulary;
  readonly family: TokenizerFamily;
  /** The path it was read from, or a label; for messages. */
  readonly origin: string;
  /**
   * File name → content: the folder's own files, with the tokenizer.json in force. A folder with these and the same config.json
   * opens with AutoTokenizer as the same class, with the same ids.
   */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** How AutoTokenizer opens it; vocabulary, encoding and decoding are of what is in force there. */
  readonly reference: TokenizerReading;
  /** Chat templates by name; the one that is used where none is named is `default`. */
  readonly chatTemplates: ReadonlyMap<string, string>;
  readonly specialTokens: readonly {
    readonly id: TokenId;
    readonly token: string;
    readonly roles: readonly SpecialRole[];
  }[];
  /** What is put around a text: specials such as BOS and EOS, and the type ids of pairs. `undefined` where that is not understood. */
  readonly frame: TextFrame | undefined;
  /** What a user should know of it, in plain words: a normalizer that loses case, holes, a dummy prefix, … */
  readonly notes: readonly string[];
  /**
   * For a BPE: which tokens may be neighbours, told from its merges. Made at the first call, about 6 µs a token.
   * `undefined` for other models, and for a BPE that marks the edges of words.
   */
  bpeNeighbours(): BpeNeighbours | undefined;
  /** How a text is cut before the model sees it, where one pattern does it; `undefined` for anything else. */
  textCuts(): TextCuts | undefined;
  /**
   * The ids of a text, without special tokens added around it. Texts that are encoded at once go to the library together and
   * use all cores.
   * @throws RevocabError `unknown_text` for one that the tokenizer cannot write: it has no unknown token
   */
  encode(text: string): Promise<Uint32Array>;
  /**
   * What `tokenizer(text)` or `tokenizer(text, pair)` gives in the reference library: with the special tokens around it, and
   * the number of the text, 0 or 1, that each id belongs to.
   * @throws RevocabError `unknown_text` as `encode` does
   */
  encodeWithSpecials(text: string, pair?: string): Promise<EncodedTexts>;
  /**
   * The ids of a text, cut where the pre-tokenizer cuts it.
   * @throws RevocabError `unknown_text`
   */
  encodeWords(text: string): Promise<readonly Uint32Array[]>;
  /** The text of ids, special tokens included. */
  decode(ids: Uint32Array | readonly TokenId[]): Promise<string>;
  /** The text after the tokenizer's own normalizer. */
  normalize(text: string): Promise<string>;
  /** The words that the pre-tokenizer cuts a normalized text into, as it writes them. */
  cut(normalText: string): Promise<readonly string[]>;
}

export interface EncodedTexts {
  readonly ids: Uint32Array;
  readonly typeIds: Uint8Array;
}

export interface ReadingOptions {
  /**
   * `class`: as AutoTokenizer opens the folder, with what its class rebuilds. `file`: as tokenizer.json says, which is what a
   * swap publishes. Tokens that stand only in other files are there both ways. @default "class"
   */
  readonly reading?: "class" | "file";
  /** A class that was chosen before. @default chosen by the configs, as AutoTokenizer does */
  readonly className?: string;
}
