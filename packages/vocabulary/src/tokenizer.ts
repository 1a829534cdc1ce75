import type { SpecialRole, TokenId, Vocabulary } from "@revocab/core";
import type { TokenizerFamily } from "./notation.ts";
import type { TokenizerReading } from "./reference/tokenizer-reading.ts";
import type { BpeNeighbours } from "./spell/bpe-neighbours.ts";
import type { TextCuts } from "./text-cuts.ts";
import type { TextFrame } from "./text-frame.ts";

/**
 * A tokenizer: its vocabulary, the files that a model folder needs, and the Rust library that runs it. The library runs in a
 * process of its own: a file that crashes it gives a `bad_tokenizer` error from the method that was called.
 */
export interface Tokenizer {
  readonly vocabulary: Vocabulary;
  /**
   * The vocabulary as if some tokens did not exist: the size and the other ids stay, hidden tokens are holes, and texts are
   * spelled without them. BPE splits a hidden token into the two parts of its last merge, so that longer tokens built on it
   * stay reachable. Unigram and WordPiece search without it. A text that then has no spelling gives `undefined`.
   */
  vocabularyWithout(hidden: ReadonlySet<TokenId>): Vocabulary;
  readonly family: TokenizerFamily;
  /** The path it was read from, or a label, for messages. */
  readonly origin: string;
  /**
   * File name → content: the folder's own files, with the tokenizer.json as AutoTokenizer uses it. A folder with these files
   * and the same config.json opens with AutoTokenizer as the same class, with the same ids.
   */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** How AutoTokenizer opens it. Vocabulary, encoding and decoding follow that reading. */
  readonly reference: TokenizerReading;
  /** Chat templates by name; `default` is used unless another is named. */
  readonly chatTemplates: ReadonlyMap<string, string>;
  readonly specialTokens: readonly {
    readonly id: TokenId;
    readonly token: string;
    readonly roles: readonly SpecialRole[];
  }[];
  /** What is put around a text: specials such as BOS and EOS, and the type ids of pairs. `undefined` if the post-processor is of an unknown kind. */
  readonly frame: TextFrame | undefined;
  /** What a user should know about it, in sentences: a normalizer that loses case, holes, a dummy prefix, … */
  readonly notes: readonly string[];
  /**
   * For a BPE: which tokens can be neighbours, computed from its merges at the first call (about 6 µs a token).
   * `undefined` for other models, and for a BPE that marks the edges of words.
   */
  bpeNeighbours(): BpeNeighbours | undefined;
  /** How a text is split before the model sees it, if a single pattern does that; otherwise `undefined`. */
  textCuts(): TextCuts | undefined;
  /**
   * The ids of a text, without special tokens around it. Texts that are encoded concurrently go to the library as one batch,
   * which uses all cores, or as many threads as the environment variable RAYON_NUM_THREADS says; the threads of a job do not
   * limit it.
   * @throws RevocabError `unknown_text` for a text with characters that have no token, if there is no unknown token either
   */
  encode(text: string): Promise<Uint32Array>;
  /**
   * The same as `tokenizer(text)` or `tokenizer(text, pair)` in the reference library: the ids with the special tokens around
   * the text, and for each id the text, 0 or 1, that it belongs to.
   * @throws RevocabError `unknown_text` as `encode` does
   */
  encodeWithSpecials(text: string, pair?: string): Promise<EncodedTexts>;
  /**
   * The ids of each word of a text, as the pre-tokenizer splits it.
   * @throws RevocabError `unknown_text`
   */
  encodeWords(text: string): Promise<readonly Uint32Array[]>;
  /** The text of ids, special tokens included. */
  decode(ids: Uint32Array | readonly TokenId[]): Promise<string>;
  /** The text after the tokenizer's own normalizer. */
  normalize(text: string): Promise<string>;
  /** The words that the pre-tokenizer splits a normalized text into, in its own notation. */
  cut(normalText: string): Promise<readonly string[]>;
}

export interface EncodedTexts {
  readonly ids: Uint32Array;
  readonly typeIds: Uint8Array;
}

export interface ReadingOptions {
  /**
   * `class`: as AutoTokenizer opens the folder, with the components that its class rebuilds. `file`: exactly as
   * tokenizer.json says, which is what a swap publishes. Tokens of other files are added in both cases. @default "class"
   */
  readonly reading?: "class" | "file";
  /** The tokenizer class. @default chosen by the configs, as AutoTokenizer does */
  readonly className?: string;
}
