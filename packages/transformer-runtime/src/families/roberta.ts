import { z } from "zod";
import type { Family } from "../family.ts";
import { bertLike } from "./bert-like.ts";
import { rows } from "./fields.ts";
import { badConfig, parseConfig } from "./parse-config.ts";

const schema = z.object({
  pad_token_id: z.int().min(0).default(1),
  max_position_embeddings: rows.default(512),
});

/**
 * RoBERTa, XLM-R and CamemBERT: BERT whose positions are counted from the one after the padding's id.
 * @see https://arxiv.org/abs/1907.11692
 */
export const roberta: Family = (context) => {
  const { pad_token_id: pad, max_position_embeddings: positions } = parseConfig(
    schema,
    context.config,
    context,
  );
  if (pad + 1 >= positions) {
    const expected = `expected more than ${pad + 1}, for positions are counted from pad_token_id ${pad}`;
    throw badConfig(context, "max_position_embeddings", positions, expected);
  }
  return bertLike(context, {
    firstPosition: pad + 1,
    head: { dense: "lm_head.dense", norm: "lm_head.layer_norm" },
    headActivation: "gelu",
  });
};
