import { quote, RevocabError, showText } from "@revocab/core";
import { z } from "zod";

/** The config.json of a hypernetwork, under plain names. Its sizes are checked when the tensors are opened. */
export interface NetworkConfig {
  /** d of the source model: columns of a predicted row. */
  readonly rowWidth: number;
  /** n_in: d, or 2d where a source row is the input row followed by the head row. */
  readonly sourceWidth: number;
  /** H */
  readonly width: number;
  readonly innerWidth: number;
  readonly layers: number;
  readonly heads: number;
  /** L: longer surface forms are cut. */
  readonly formLength: number;
  /** Ids of the hypernetwork's tokenizer below this are rows of the source model, others rows of its own. */
  readonly sourceRows: number;
  readonly extraRows: number;
  readonly padId: number;
  readonly isRescaled: boolean;
  /** Predicts rows for an untied head, too. */
  readonly hasHeadRows: boolean;
  /** One projection gives input and head row, instead of one each. */
  readonly hasSingleHead: boolean;
  readonly hasBias: boolean;
  /** All hidden states are read, instead of the first. */
  readonly readsAllPositions: boolean;
  /** Undefined for a network without languages. */
  readonly languages: { readonly count: number; readonly names: readonly string[] } | undefined;
}

/**
 * @param path of the config, for messages
 * @throws RevocabError `unsupported_architecture` for what is no hypernetwork, or one of a kind that was never published;
 *   `bad_config` for values that cannot be
 */
export function parseNetworkConfig(json: unknown, path: string): NetworkConfig {
  requireHypernetwork(json, path);
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const { path: place, message } = parsed.error.issues[0];
    throw new RevocabError("bad_config", `${showText(path)}: ${place.join(".")}: ${message}`, {
      hint: "download config.json again: it must be the one beside the hypernetwork's weights",
    });
  }
  const config = parsed.data;
  requireSupported(config, path);
  const { hn_hidden_size: width, n_embd: rowWidth, separate_out_embeddings: hasHeadRows } = config;
  const heads = config.hn_num_attention_heads ?? Math.floor(width / 64);
  if (heads < 1 || width % heads !== 0) {
    throw new RevocabError(
      "bad_config",
      `${showText(path)}: hn_hidden_size ${width} does not divide into ${heads} attention heads`,
      {
        hint: "hn_num_attention_heads must divide hn_hidden_size; without it there are hn_hidden_size / 64",
      },
    );
  }
  const { pad_token_id: padId, original_vocab_size: sourceRows, hn_n_extra_tokens: extraRows } = config;
  if (padId >= sourceRows + extraRows) {
    throw new RevocabError(
      "bad_config",
      `${showText(path)}: pad_token_id is ${padId}, but there are ${sourceRows + extraRows} ids (original_vocab_size + hn_n_extra_tokens)`,
      { hint: "download config.json again: it must be the one beside the hypernetwork's weights" },
    );
  }
  return {
    rowWidth,
    sourceWidth: hasHeadRows ? 2 * rowWidth : rowWidth,
    width,
    innerWidth: config.hn_intermediate_size,
    layers: config.hn_n_layers,
    heads,
    formLength: config.hn_surface_maxlen,
    sourceRows,
    extraRows,
    padId,
    isRescaled: config.hn_rescale_embeddings,
    hasHeadRows,
    hasSingleHead: config.hn_single_head,
    hasBias: config.hn_predict_bias,
    readsAllPositions: config.hn_concat_last_hidden_state,
    languages: languagesOf(config, path),
  };
}

const size = (most: number) => z.number().int().min(1).max(most);
const flag = (fallback: boolean) =>
  z
    .boolean()
    .nullish()
    .transform((value) => value ?? fallback);

/** Defaults are those of the reference's own config class. */
const schema = z.object({
  n_embd: size(1 << 17).default(768),
  hn_hidden_size: size(1 << 17),
  hn_intermediate_size: size(1 << 19),
  hn_n_layers: size(1000).default(3),
  hn_num_attention_heads: size(1 << 12).nullish(),
  hn_surface_maxlen: size(4096).default(16),
  original_vocab_size: size(1 << 28),
  hn_n_extra_tokens: z
    .number()
    .int()
    .min(0)
    .max(1 << 28),
  pad_token_id: z
    .number()
    .int()
    .min(0)
    .max(1 << 28),
  hn_rescale_embeddings: flag(false),
  separate_out_embeddings: flag(false),
  hn_single_head: flag(false),
  hn_predict_bias: flag(true),
  hn_concat_last_hidden_state: flag(false),
  hn_embed_lang_id: flag(false),
  n_langs: size(1 << 20).nullish(),
  langs: z.array(z.string()).nullish(),
  hn_model_type: z.string().default("roberta"),
  hn_embed_using_source_embeddings: flag(false),
  hn_add_inter_token_attention: flag(false),
  hn_embed_target_priors: flag(false),
});
type RawConfig = z.output<typeof schema>;

function requireHypernetwork(json: unknown, path: string): void {
  const object = typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
  const absent = ["hn_hidden_size", "original_vocab_size"].filter((key) => object[key] === undefined);
  if (absent.length === 0) return;
  throw new RevocabError(
    "unsupported_architecture",
    `${showText(path)} (model_type ${quote(object.model_type ?? null)}) describes no ZeTT hypernetwork: it has no ${absent.join(" and no ")}`,
    { hint: "give the folder of a hypernetwork, such as a zett-hypernetwork-… of the paper's authors" },
  );
}

function requireSupported(config: RawConfig, path: string): void {
  const kinds: readonly (readonly [keyof RawConfig, unknown])[] = [
    ["hn_model_type", "roberta"],
    ["hn_embed_using_source_embeddings", true],
    ["hn_add_inter_token_attention", false],
    ["hn_embed_target_priors", false],
  ];
  for (const [key, expected] of kinds) {
    if (config[key] === expected) continue;
    throw new RevocabError(
      "unsupported_architecture",
      `${showText(path)} has ${key} ${quote(config[key])}; only ${quote(expected)} can be run`,
      { hint: "no published hypernetwork differs, and the reference's PyTorch code refuses it as well" },
    );
  }
}

function languagesOf({ hn_embed_lang_id, n_langs, langs }: RawConfig, path: string) {
  if (!hn_embed_lang_id) return undefined;
  const names = langs ?? [];
  const count = n_langs ?? names.length;
  if (count > 0 && names.length <= count) return { count, names };
  throw new RevocabError(
    "bad_config",
    `${showText(path)} asks for a language, but has n_langs ${n_langs ?? null} and ${names.length} names in langs`,
    { hint: "n_langs is the number of rows of lang_embeddings.weight" },
  );
}

/**
 * The row of a language, by its name in the config's `langs`, or by its number where the config names none.
 * @returns undefined for a network without languages
 * @throws RevocabError `bad_options` for a language that is missing or unknown, or given to a network without languages
 */
export function languageIndex(
  { languages }: NetworkConfig,
  language: string | undefined,
): number | undefined {
  if (languages === undefined) {
    if (language === undefined) return undefined;
    throw new RevocabError(
      "bad_options",
      `the language "${language}" was given, but this hypernetwork asks for none`,
      { hint: "leave the language out" },
    );
  }
  const { count, names } = languages;
  const known = names.length > 0 ? names : Array.from({ length: count }, (_, i) => String(i));
  const index = language === undefined ? -1 : known.indexOf(language);
  if (index >= 0) return index;
  throw new RevocabError(
    "bad_options",
    language === undefined
      ? "this hypernetwork asks for a language, and none was given"
      : `this hypernetwork does not know the language "${language}"`,
    { hint: `pass language=…, one of ${abbreviated(known)}` },
  );
}

function abbreviated(names: readonly string[]): string {
  return names.length <= 100 ? names.join(", ") : `${names.slice(0, 100).join(", ")}, … (${names.length})`;
}
