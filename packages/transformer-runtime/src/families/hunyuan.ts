import { z } from "zod";
import { ropeParameters } from "../rotary/read-rotary.ts";
import { rmsNorm } from "./blocks.ts";
import type { Family, FamilyContext } from "./family.ts";
import { llamaConfig } from "./llama.ts";
import { headNorms, llamaLike, positionsOf } from "./llama-like.ts";
import { type AttentionShape, attentionShape, epsilon, parseConfig, positive } from "./read-config.ts";

const schema = z.object({ ...llamaConfig, rms_norm_eps: epsilon.default(1e-5) });

/**
 * Hunyuan 0.5B to 7B: Llama whose queries and keys are normalised once they have turned.
 * @see https://huggingface.co/tencent/Hunyuan-7B-Instruct
 */
export const hunyuanDense: Family = (context) => {
  const config = parseConfig(schema, context.config, context);
  const shape = attentionShape(config, context);
  return llamaLike(context, config, {
    attention: (_, name, ofHeads) => {
      const norms = headNorms(name, ofHeads, config.rms_norm_eps, rmsNorm, [
        "query_layernorm",
        "key_layernorm",
      ]);
      return { rotary: "positions", queryKeyNorm: { ...norms.queryKeyNorm, turned: true } };
    },
    rotary: { positions: stretched(context, shape, config.max_position_embeddings) },
  });
};

const stretchSchema = z.object({
  rope_type: z.string().nullish(),
  type: z.string().nullish(),
  alpha: positive.nullish(),
  rope_theta: positive.nullish(),
});

/** With `alpha`, "dynamic" means that θ is larger for sequences of every length. */
function stretched(context: FamilyContext, shape: AttentionShape, contextLength: number) {
  const { parameters, place } = ropeParameters(context.config, context);
  const { alpha, ...given } = parseConfig(stretchSchema, parameters, place);
  if (!alpha || (given.rope_type ?? given.type) !== "dynamic") {
    return positionsOf(context, shape, { contextLength, theta: 10_000 });
  }
  const { rope_theta } = parseConfig(z.object({ rope_theta: positive.nullish() }), context.config, context);
  const theta = given.rope_theta ?? rope_theta ?? 10_000;
  const { headWidth } = shape;
  const grown = theta * alpha ** (headWidth / (headWidth - 2));
  const config = { ...context.config, rope_scaling: null, rope_parameters: null, rope_theta: grown };
  return positionsOf({ ...context, config }, shape, { contextLength, theta: grown });
}
