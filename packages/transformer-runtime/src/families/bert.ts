import type { Family } from "../family.ts";
import { bertLike } from "./bert-like.ts";

/**
 * BERT.
 * @see https://arxiv.org/abs/1810.04805
 */
export const bert: Family = (context) =>
  bertLike(context, {
    firstPosition: 0,
    head: { dense: "cls.predictions.transform.dense", norm: "cls.predictions.transform.LayerNorm" },
  });
