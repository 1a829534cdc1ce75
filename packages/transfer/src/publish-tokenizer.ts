import { isChatTemplateFile, type Tokenizer } from "@revocab/vocabulary";
import type { ChosenChatTemplate } from "./chat-template.ts";

/**
 * Model types for which the AutoTokenizer of transformers 5.18 ignores `tokenizer_class` and takes the class it has
 * registered for the model, which rebuilds a foreign tokenizer.json by its own rules and gives wrong ids.
 */
const FORCED_CLASS = new Set([
  "hyperclovax_vision_v2",
  "qwen2",
  "qwen3_5",
  "qwen3_5_moe",
  "qwen3_5_moe_text",
  "qwen4_exp",
]);

export interface PublishedTokenizer {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly notes: readonly string[];
}

/** The target's tokenizer files for a model of this type, with the chosen chat templates as the only ones. */
export function publishTokenizer(
  tokenizer: Tokenizer,
  source: Tokenizer,
  modelType: string,
  { from, templates }: ChosenChatTemplate,
): PublishedTokenizer {
  const files = new Map(tokenizer.files);
  const notes: string[] = [];
  if (from !== "target") {
    for (const file of files.keys()) if (isChatTemplateFile(file)) files.delete(file);
    editConfig(files, ({ chat_template: _, ...rest }) => rest);
    if (from === "source") takeTemplates(files, source);
    const own = from === "file" ? templates.get("default") : undefined;
    if (own !== undefined) files.set("chat_template.jinja", new TextEncoder().encode(own));
  }
  if (FORCED_CLASS.has(modelType)) {
    // An auto_map, though it names no code, makes AutoTokenizer read tokenizer_class again.
    editConfig(files, (config) => ({ ...config, auto_map: { AutoTokenizer: [null, "revocab.NoCode"] } }));
    notes.push(
      `AutoTokenizer would force its own class on a ${modelType} model; tokenizer_config.json keeps it from that. ` +
        "Open it without trust_remote_code=True: there is no remote code",
    );
  }
  return { files, notes };
}

/** In the files and the form that the source has them: some are read by tokenizers, some by processors. */
function takeTemplates(files: Map<string, Uint8Array>, source: Tokenizer): void {
  for (const [file, content] of source.files) if (isChatTemplateFile(file)) files.set(file, content);
  const config = source.files.get("tokenizer_config.json");
  const { chat_template } = config === undefined ? {} : JSON.parse(new TextDecoder().decode(config));
  if (chat_template !== undefined) editConfig(files, (rest) => ({ ...rest, chat_template }));
}

function editConfig(
  files: Map<string, Uint8Array>,
  edit: (config: Record<string, unknown>) => Record<string, unknown>,
): void {
  const bytes = files.get("tokenizer_config.json");
  const config = bytes ? (JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>) : {};
  const edited = JSON.stringify(edit(config), null, 2);
  files.set("tokenizer_config.json", new TextEncoder().encode(`${edited}\n`));
}
