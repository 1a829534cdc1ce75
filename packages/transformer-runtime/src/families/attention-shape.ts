import { badConfig, type ConfigPlace } from "./parse-config.ts";

/** How a hidden state is divided into heads. */
export interface AttentionShape {
  readonly width: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headWidth: number;
}

/**
 * Fills in what a config leaves out: as many heads for keys as for queries, and heads that share the width.
 * @throws RevocabError `bad_config` when heads cannot be shared out
 */
export function attentionShape(
  config: {
    readonly hidden_size: number;
    readonly num_attention_heads: number;
    readonly num_key_value_heads?: number | null | undefined;
    readonly head_dim?: number | null | undefined;
  },
  place: ConfigPlace,
): AttentionShape {
  const { hidden_size: width, num_attention_heads: heads } = config;
  const keyValueHeads = config.num_key_value_heads ?? heads;
  const headWidth = config.head_dim ?? width / heads;
  if (!Number.isInteger(headWidth)) {
    throw badConfig(place, "hidden_size", width, `expected a multiple of the ${heads} attention heads`);
  }
  if (heads % keyValueHeads !== 0) {
    const expected = `expected a divisor of the ${heads} attention heads`;
    throw badConfig(place, "num_key_value_heads", keyValueHeads, expected);
  }
  return { width, heads, keyValueHeads, headWidth };
}
