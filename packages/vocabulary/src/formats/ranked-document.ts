import type { AddedTokenDocument } from "../byte-level/tokenizer-document.ts";
import { mergesByRank } from "./merges-by-rank.ts";

/**
 * The tokenizer.json of a byte-level BPE that is given by ranks and the pattern that cuts a text into words, with the
 * components that the reference library builds for it. A word that is a token is never cut further.
 */
export function rankedDocument({
  ranks,
  ids,
  pattern,
  normalizer = null,
  postProcessor,
  added,
}: {
  /** The tokens to merge, in GPT-2's byte alphabet. */
  readonly ranks: ReadonlyMap<string, number>;
  /** The id of every token. */
  readonly ids: Readonly<Record<string, number>>;
  readonly pattern: string;
  readonly normalizer?: object | null;
  readonly postProcessor?: object;
  readonly added: readonly AddedTokenDocument[];
}): string {
  const byteLevel = { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true };
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false },
        { ...byteLevel, add_prefix_space: false, use_regex: false },
      ],
    },
    post_processor: postProcessor ?? { ...byteLevel, trim_offsets: false },
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab: ids,
      merges: mergesByRank(ranks),
    },
  });
}
