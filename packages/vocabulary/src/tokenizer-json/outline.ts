import { z } from "zod";
import { MAX_TOKENS } from "./limits.ts";

const tokenId = z.int().min(0).lt(MAX_TOKENS);
const component = z.looseObject({ type: z.string() }).nullish();

/** The shape of tokenizer.json but for its big lists, which are checked by hand: zod takes 1 µs per field. */
export const outline = z.looseObject({
  added_tokens: z
    .array(
      z.looseObject({
        id: tokenId,
        content: z.string().min(1),
        special: z.boolean().default(false),
        single_word: z.boolean().nullish(),
        lstrip: z.boolean().nullish(),
        rstrip: z.boolean().nullish(),
      }),
    )
    .max(MAX_TOKENS)
    .nullish(),
  normalizer: component,
  pre_tokenizer: component,
  post_processor: component,
  decoder: component,
  model: z.looseObject({
    type: z.string().nullish(),
    unk_token: z.string().nullish(),
    unk_id: z.int().min(0).lt(MAX_TOKENS).nullish(),
    continuing_subword_prefix: z.string().nullish(),
    end_of_word_suffix: z.string().nullish(),
    max_input_chars_per_word: z.number().nullish(),
    dropout: z.number().nullish(),
    byte_fallback: z.boolean().nullish(),
    ignore_merges: z.boolean().nullish(),
  }),
});

export type Outline = z.infer<typeof outline>;
