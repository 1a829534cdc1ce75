import { RevocabError, type TokenId } from "@revocab/core";
import { frameTokens } from "@revocab/vocabulary";
import type { TextTokenizer } from "./encode-documents.ts";

/** The special tokens a masked model was trained with. */
export interface Frame {
  readonly before: readonly TokenId[];
  readonly after: readonly TokenId[];
  readonly mask: TokenId;
}

/**
 * What stands before and after a text: what the tokenizer puts there. Where that is not understood, [CLS] and [SEP], else BOS and
 * EOS, each where the tokenizer has it.
 * @throws RevocabError `unsupported_tokenizer` without a mask token
 */
export function frameOf({ vocabulary, origin, frame }: TextTokenizer): Frame {
  const mask = vocabulary.idOfRole("mask");
  if (mask === undefined) {
    throw new RevocabError(
      "unsupported_tokenizer",
      `${origin}: found no mask token, expected one for a masked model`,
      {
        hint: 'name it in tokenizer_config.json: "mask_token": "[MASK]"',
      },
    );
  }
  if (frame !== undefined) return { ...frameTokens(frame), mask };
  const first = vocabulary.idOfRole("cls") ?? vocabulary.idOfRole("bos");
  const last = vocabulary.idOfRole("sep") ?? vocabulary.idOfRole("eos");
  return {
    before: first === undefined ? [] : [first],
    after: last === undefined ? [] : [last],
    mask,
  };
}
