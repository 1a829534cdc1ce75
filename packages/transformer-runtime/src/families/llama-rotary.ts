import { z } from "zod";
import type { RotaryDescription } from "../description.ts";
import type { FamilyContext } from "../family.ts";
import { readRotary, ropeParameters } from "../rotary/read-rotary.ts";
import type { AttentionShape } from "./attention-shape.ts";
import { length, positive } from "./fields.ts";
import { badConfig, parseConfig } from "./parse-config.ts";

const schema = z.object({
  rope_theta: positive.nullish(),
  original_max_position_embeddings: length.nullish(),
  partial_rotary_factor: z.number().nullish(),
});

/**
 * The one rotary embedding of a decoder whose heads turn whole, as most do.
 * @throws RevocabError `bad_config`
 */
export function llamaRotary(
  context: FamilyContext,
  { headWidth }: AttentionShape,
  contextLength: number,
  defaultTheta = 10_000,
): RotaryDescription {
  const { parameters, place } = ropeParameters(context.config, context);
  const given = parseConfig(schema, context.config, context);
  const share = given.partial_rotary_factor ?? 1;
  if (share !== 1)
    throw badConfig(context, "partial_rotary_factor", share, "expected 1, all columns of a head");
  return readRotary(
    parameters,
    {
      headWidth,
      contextLength,
      theta: given.rope_theta ?? defaultTheta,
      originalLength: given.original_max_position_embeddings ?? undefined,
    },
    place,
  );
}
