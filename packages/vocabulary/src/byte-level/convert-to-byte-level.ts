import { RevocabError } from "@revocab/core";
import type { Tokenizer } from "../tokenizer.ts";
import { tokenizerFromFiles } from "../tokenizer-from-files.ts";
import { takeApart } from "../tokenizer-json/tokenizer-document.ts";
import { convertAsReference, type ReferenceConversion } from "./convert-as-reference.ts";
import { convertFaithfully } from "./convert-faithfully.ts";

/**
 * - `faithful`: text whose characters the tokenizer knows is encoded with the same ids as before. The normalizer stays, holes
 *   stay holes, and all 256 bytes get a token.
 * - `reference`: id for id as ZeTT's `convert_to_byte_level`, with whose output hypernetworks were trained. The normalizer is
 *   lost, the byte 0xFF gets an extra id, and text is split as by GPT-2's tokenizer.
 */
export type ByteLevelOptions =
  | { readonly mode?: "faithful" }
  | ({ readonly mode: "reference" } & ReferenceConversion);

export interface ByteLevelTokenizer {
  /** The converted tokenizer; its `files` can be written out. */
  readonly tokenizer: Tokenizer;
  /** The number of new ids, after those of the original: for bytes without a token, and for steps of new merges. */
  readonly added: number;
}

/**
 * Rewrites a tokenizer in GPT-2's byte alphabet: each token keeps its id, and text that could not be encoded before is
 * encoded in bytes.
 *
 * A BPE then merges characters from bytes, so it gets tokens for the first bytes of characters. An unknown character may be
 * encoded with such a token.
 * @see https://arxiv.org/abs/2405.07883
 * @throws RevocabError `unsupported_tokenizer` for a tokenizer of whole words, or one that marks the ends of words
 */
export function convertToByteLevel(tokenizer: Tokenizer, options: ByteLevelOptions = {}): ByteLevelTokenizer {
  const { family, origin, files, vocabulary } = tokenizer;
  if (family === "wordlevel" || family === "character-bpe") {
    throw new RevocabError(
      "unsupported_tokenizer",
      `${origin} is a ${family} tokenizer; byte-level BPE, SentencePiece BPE, Unigram or WordPiece was expected`,
      { hint: "a tokenizer of whole words, or of marked word ends, has no byte-level form" },
    );
  }
  const parts = takeApart(tokenizer);
  const converted =
    options.mode === "reference" ? convertAsReference(parts, options) : convertFaithfully(parts);
  if (converted === parts.document) return { tokenizer, added: 0 };
  const written = new Map(files);
  for (const name of ["tokenizer.model", "vocab.json", "merges.txt", "vocab.txt", "spiece.model"]) {
    written.delete(name);
  }
  written.set("tokenizer.json", new TextEncoder().encode(JSON.stringify(converted)));
  const specials = options.mode === "reference" ? options.specialsOf : undefined;
  if (specials !== undefined) replaceRoles(written, specials);
  const result = tokenizerFromFiles(written, `${origin} in bytes`, { reading: "file" });
  return { tokenizer: result, added: result.vocabulary.size - vocabulary.size };
}

/** A tokenizer that got the specials of another also gets the files that declare their roles. */
function replaceRoles(files: Map<string, Uint8Array>, specials: Tokenizer): void {
  for (const name of ["tokenizer_config.json", "special_tokens_map.json"]) {
    const content = specials.files.get(name);
    if (content === undefined) files.delete(name);
    else files.set(name, content);
  }
}
