import { quote, RevocabError, type RotaryHeads, showText } from "@revocab/core";
import { type Architecture, architectureOf } from "./architectures.ts";
import { isOtherPart, sizeKeyIn, typeOfPart } from "./config-keys.ts";
import { isJsonObject, type JsonObject } from "./json.ts";

/** What a config says about the vocabulary and the tables that belong to it. */
export interface ConfigFacts {
  readonly config: JsonObject;
  readonly modelType: string;
  readonly architecture: Architecture;
  /** The part that describes the language model: the config itself, or `text_config` and the like. */
  readonly textPath: readonly string[];
  readonly vocabularySize: number | undefined;
  /** Every width the config names for embeddings; empty when it names none. */
  readonly widths: readonly number[];
  /** `tie_word_embeddings`, or the library's default; undefined when neither is known. */
  readonly saysTied: boolean | undefined;
  /** False for a class without a language-model head (`BertModel`, `LlamaForSequenceClassification`). */
  readonly expectsHead: boolean | undefined;
  readonly initializerRange: number;
  /** Undefined where the model turns no positions, or the config does not say by which angles. */
  readonly rotary: RotaryHeads | undefined;
}

const TEXT_KEYS = ["text_config", "llm_config", "language_config", "decoder", "vlm_config"];
const WIDTH_KEYS = [
  "hidden_size",
  "d_model",
  "n_embd",
  "dim",
  "emb_dim",
  "embedding_size",
  "input_embedding_size",
  "embedding_dim",
  "word_embed_proj_dim",
];
const HEAD_CLASSES = /(CausalLM|LMHead|ConditionalGeneration|MaskedLM|PreTraining|MultimodalLM)/;

/** @throws RevocabError `bad_config` */
export function readConfigFacts(config: JsonObject, path: string): ConfigFacts {
  const modelType = config.model_type ?? (isStatic(config) ? "model2vec" : undefined);
  if (typeof modelType !== "string") {
    throw new RevocabError("bad_config", `${showText(path)} has no model_type`, {
      hint: "give the folder of a transformers model (not of an adapter, a tokenizer or a pipeline)",
    });
  }
  const architecture = architectureOf(modelType);
  if (architecture.unsupported !== undefined) {
    throw new RevocabError(
      "unsupported_checkpoint",
      `${showText(path)} is of type ${showText(modelType, 200)}: ${architecture.unsupported}`,
      {
        hint: "models of this type cannot be given another vocabulary",
      },
    );
  }
  const textPath = findTextPath(config);
  const text = textPath.reduce<JsonObject>((scope, key) => scope[key] as JsonObject, config);
  return {
    config,
    modelType,
    architecture,
    textPath,
    vocabularySize: readCount(text, sizeKeyIn(text) ?? "vocab_size", path),
    widths: WIDTH_KEYS.map((key) => text[key]).filter((value) => typeof value === "number"),
    saysTied: readTied(config, text, architecture),
    expectsHead: readExpectsHead(config),
    initializerRange: readInitializerRange(config, text),
    rotary: readRotaryHeads(text),
  };
}

/** A table and nothing else: model2vec writes its config with a model_type or without, sentence-transformers none. */
function isStatic(config: JsonObject): boolean {
  const isNamed = Array.isArray(config.architectures) && config.architectures.includes("StaticModel");
  return isNamed || "apply_zipf" in config || "embedding_dtype" in config;
}

/**
 * Where a config describes its language model: in itself, or in `text_config` and the like. A nested size goes before an
 * outer one, for the library builds the language model from the part: an outer `vocab_size` of LLaVA and PaliGemma is
 * often the one from before image tokens were added.
 */
export function findTextPath(config: JsonObject): readonly string[] {
  const modelType = String(config.model_type);
  const nested = TEXT_KEYS.flatMap((key) => {
    const part = config[key];
    if (!isJsonObject(part) || isOtherPart(modelType, key, typeOfPart(modelType, key, part))) return [];
    const path = findTextPath(part);
    const text = path.reduce<JsonObject>((scope, name) => scope[name] as JsonObject, part);
    return [{ path: [key, ...path], hasSize: sizeIn(text) !== undefined }];
  });
  const withSize = nested.find(({ hasSize }) => hasSize);
  if (withSize === undefined && typeof sizeIn(config) === "number") return [];
  return (withSize ?? nested[0])?.path ?? [];
}

function sizeIn(scope: JsonObject) {
  return scope[sizeKeyIn(scope) ?? "vocab_size"];
}

function readCount(scope: JsonObject, key: string, path: string): number | undefined {
  const value = scope[key];
  if (value === undefined || value === null) return undefined;
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw new RevocabError(
      "bad_config",
      `${showText(path)} gives ${showText(key, 200)} as ${quote(value)}; a count was expected`,
      {
        hint: "download config.json again",
      },
    );
  }
  return value as number;
}

/**
 * The library forwards a nested `true` to the outer config of some types (configuration_llava.py,
 * configuration_qwen2_vl.py) and not of others: an outer `false` beside a nested `true` leaves it to what is stored.
 * Else the outer value decides, then the nested one, then the outer default.
 */
function readTied(config: JsonObject, text: JsonObject, architecture: Architecture): boolean | undefined {
  const outer = config.tie_word_embeddings;
  const inner = text.tie_word_embeddings;
  if (outer === false && inner === true) return undefined;
  if (outer === true || inner === true) return true;
  if (outer === false || inner === false) return false;
  return architecture.tied;
}

function readExpectsHead(config: JsonObject): boolean | undefined {
  const classes = config.architectures;
  if (!Array.isArray(classes) || classes.length === 0) return undefined;
  return classes.some((name) => typeof name === "string" && HEAD_CLASSES.test(name));
}

function readInitializerRange(config: JsonObject, text: JsonObject): number {
  for (const scope of [text, config]) {
    for (const key of ["initializer_range", "init_std"]) {
      const value = scope[key];
      if (typeof value === "number" && value > 0) return value;
    }
  }
  // PretrainedConfig subclasses with neither key use 0.02 nearly without exception.
  return 0.02;
}

/** Classes that turn by 10,000 where the config names no `rope_theta`, as configs of before transformers 4.35 do not. */
const WITHOUT_THETA = ["llama", "mistral"];

function readRotaryHeads(text: JsonObject): RotaryHeads | undefined {
  const { num_attention_heads: heads, rope_parameters: parameters } = text;
  const nested = parameters !== undefined && isJsonObject(parameters) ? parameters.rope_theta : undefined;
  const known = WITHOUT_THETA.includes(String(text.model_type)) ? 10_000 : undefined;
  const base = nested ?? text.rope_theta ?? known;
  return typeof heads === "number" && typeof base === "number" ? { heads, base } : undefined;
}
