import type { JsonObject } from "@revocab/checkpoint";
import type { RotaryDescription } from "../description.ts";
import type { ConfigPlace } from "../families/parse-config.ts";

/** What every kind of rotary embedding is made from. */
export interface RotaryBase {
  /** Columns of a head that turn. */
  readonly dimension: number;
  /** θ: column i of a head turns by position · θ^(−2i / dimension). */
  readonly theta: number;
  /** `max_position_embeddings` */
  readonly contextLength: number;
  /** The longest sequence before the model was made to take longer ones. */
  readonly originalLength: number;
}

/**
 * One way of changing the angles so that a model takes longer sequences than it was first trained with. All compute in
 * f32 where the reference library does, step by step, for at position 100,000 the last bit of an angle is 0.01 radians.
 * @param parameters the part of the config that the variant reads its numbers from
 * @param place where that part stands, for messages
 * @see transformers/modeling_rope_utils.py, whose figures the fixtures in test/ hold
 * @throws RevocabError `bad_config`
 */
export type RotaryVariant = (
  base: RotaryBase,
  parameters: JsonObject,
  place: ConfigPlace,
) => Omit<RotaryDescription, "dimension">;
