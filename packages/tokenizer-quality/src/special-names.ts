import type { TokenId } from "@revocab/core";
import { displayToken, type Tokenizer, unlessRefused } from "@revocab/vocabulary";

/** What a tokenizer makes of the name of a special token in a text. */
export interface SpecialName {
  readonly name: string;
  /** The special token that it is encoded as; null where it is none of this tokenizer, or is not encoded as one. */
  readonly id: TokenId | null;
  /** Where it is none: the tokens that its name is split into. */
  readonly pieces: readonly string[];
}

/**
 * How each name of a special token is written by a tokenizer that may not have it: a chat template of another model costs these tokens each
 * time, and a model was never trained to see them so.
 */
export async function splitSpecialNames(
  { encode, vocabulary }: Tokenizer,
  names: readonly string[],
): Promise<readonly SpecialName[]> {
  return Promise.all(
    names.map(async (name) => {
      const ids = [...((await unlessRefused(encode(name))) ?? [])];
      const special = vocabulary.idOfSpecial(name);
      const isWhole = special !== undefined && ids.includes(special);
      return {
        name,
        id: isWhole ? special : null,
        pieces: isWhole ? [] : ids.map((id) => displayToken(vocabulary, id)),
      };
    }),
  );
}

/** Names that chat templates of widespread models use, and the first specials of the tokenizers themselves. */
export function specialNames(tokenizers: readonly Tokenizer[]): readonly string[] {
  const own = tokenizers.flatMap(({ specialTokens }) =>
    specialTokens.slice(0, MOST_OF_ONE).map(({ token }) => token),
  );
  return [...new Set([...own, ...WIDESPREAD])].filter(({ length }) => length <= LONGEST_NAME);
}

const MOST_OF_ONE = 8;
/** A name is a word or two; an entry of a broken file may be of a megabyte. */
const LONGEST_NAME = 100;
const WIDESPREAD = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<s>", "</s>", "<|eot_id|>", "[INST]"];
