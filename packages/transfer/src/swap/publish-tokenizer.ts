import { parseJson } from "@revocab/files";
import type { ChosenChatTemplate } from "@revocab/plan";
import { asFastFiles, isChatTemplateFile, type Tokenizer, tokenizerFromFiles } from "@revocab/vocabulary";

/**
 * Model types for which the AutoTokenizer of transformers 5.18 ignores `tokenizer_class`. It takes the class that is registered
 * for the model, which rebuilds a foreign tokenizer.json by its own rules and gives wrong ids.
 */
const FORCED_CLASS: Readonly<Record<string, string>> = {
  hyperclovax_vision_v2: "GPT2Tokenizer",
  qwen2: "Qwen2Tokenizer",
  qwen3_5: "Qwen3_5Tokenizer",
  qwen3_5_moe: "Qwen3_5Tokenizer",
  qwen3_5_moe_text: "Qwen3_5Tokenizer",
  qwen4_exp: "Qwen3_5Tokenizer",
};

export interface PublishedTokenizer {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly notes: readonly string[];
}

export interface PublishingOptions {
  readonly modelType: string;
  /** The model's own tokenizer. */
  readonly source: Tokenizer;
  /** Whether the tokenizer is the model's own, edited or not: then it keeps its class and all its settings. */
  readonly isOwn: boolean;
}

/**
 * The tokenizer files of a written model, with the chosen chat templates and no others. The files of a tokenizer from elsewhere
 * make AutoTokenizer take tokenizer.json as it is, with the settings that belong to the model: its inputs, the sides of padding
 * and truncation, and its length.
 */
export function publishTokenizer(
  tokenizer: Tokenizer,
  { from, templates }: ChosenChatTemplate,
  { modelType, source, isOwn }: PublishingOptions,
): PublishedTokenizer {
  const files = isOwn ? new Map(tokenizer.files) : asFastFiles(tokenizer);
  const notes: string[] = [];
  if (from !== "target") {
    for (const file of files.keys()) if (isChatTemplateFile(file)) files.delete(file);
    const config = files.get("tokenizer_config.json");
    // a config without a template stays byte for byte
    if (config !== undefined && "chat_template" in settingsIn(config)) {
      editConfig(files, ({ chat_template: _, ...rest }) => rest);
    }
    if (from === "source") takeTemplates(files, source);
    const own = from === "file" ? templates.get("default") : undefined;
    if (own !== undefined) files.set("chat_template.jinja", new TextEncoder().encode(own));
  }
  if (isOwn) return { files, notes };
  editConfig(files, (config) => withModelSettings(config, source.reference));
  if (source.reference.methods.length > 0) {
    notes.push(
      `the model's ${source.reference.className} did more than a tokenizer.json can say (${source.reference.methods.join(", ")}); ` +
        "the written tokenizer has no such methods: what they put into a text must be written out",
    );
  }
  const forced = FORCED_CLASS[modelType];
  if (forced === undefined) return { files, notes };
  return keptFrom(forced, files, modelType, notes);
}

/** Takes the source's templates file by file, because tokenizers and processors read different files. */
function takeTemplates(files: Map<string, Uint8Array>, source: Tokenizer): void {
  for (const [file, content] of source.files) if (isChatTemplateFile(file)) files.set(file, content);
  const config = source.files.get("tokenizer_config.json");
  const { chat_template } = config === undefined ? {} : settingsIn(config);
  if (chat_template !== undefined) editConfig(files, (rest) => ({ ...rest, chat_template }));
}

/** The settings of the model's own tokenizer: its inputs, the sides of padding and truncation, its length. */
function withModelSettings(config: JsonObject, source: Tokenizer["reference"]): JsonObject {
  const { model_max_length: _length, max_len: _older, ...rest } = config;
  return {
    ...rest,
    ...(source.modelMaxLength !== undefined && { model_max_length: source.modelMaxLength }),
    padding_side: source.paddingSide,
    truncation_side: source.truncationSide,
    model_input_names: source.modelInputNames,
  };
}

/**
 * Files that AutoTokenizer opens as they are, although the model type has a class of its own. Where that class gives the same
 * tokenizer, it is named. Otherwise an `auto_map` keeps it away: without trust_remote_code AutoTokenizer then reads
 * tokenizer_class, and with it a class that adds nothing.
 */
function keptFrom(
  className: string,
  files: Map<string, Uint8Array>,
  modelType: string,
  notes: readonly string[],
): PublishedTokenizer {
  const asForced = new Map(files);
  editConfig(asForced, (config) => ({ ...config, tokenizer_class: className }));
  const { isInForce, differences } = tokenizerFromFiles(asForced, "the written tokenizer", {
    className,
  }).reference;
  if (isInForce && differences.length === 0) return { files: asForced, notes };
  editConfig(files, (config) => ({
    ...config,
    auto_map: { AutoTokenizer: [null, `${PLAIN_MODULE}.PlainTokenizer`] },
  }));
  files.set(`${PLAIN_MODULE}.py`, new TextEncoder().encode(PLAIN_CODE));
  return {
    files,
    notes: [
      ...notes,
      `AutoTokenizer would force its own class, ${className}, on a ${modelType} model; tokenizer_config.json and ${PLAIN_MODULE}.py, a class that adds nothing, keep it from that with trust_remote_code=True and without`,
    ],
  };
}

const PLAIN_MODULE = "tokenization_plain";
const PLAIN_CODE = `"""The tokenizer.json of this folder as it is: AutoTokenizer would otherwise rebuild it as the class of the model type."""

from transformers import PreTrainedTokenizerFast


class PlainTokenizer(PreTrainedTokenizerFast):
    pass
`;

type JsonObject = Record<string, unknown>;

function editConfig(files: Map<string, Uint8Array>, edit: (config: JsonObject) => JsonObject): void {
  const bytes = files.get("tokenizer_config.json");
  const config = bytes ? settingsIn(bytes) : {};
  const edited = JSON.stringify(edit(config), null, 2);
  files.set("tokenizer_config.json", new TextEncoder().encode(`${edited}\n`));
}

function settingsIn(bytes: Uint8Array): JsonObject {
  const options = { origin: "tokenizer_config.json", code: "bad_tokenizer" } as const;
  return parseJson(new TextDecoder().decode(bytes), options) as JsonObject;
}
