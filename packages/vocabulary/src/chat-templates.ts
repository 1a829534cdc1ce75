import { isObject, parseJson } from "./tokenizer-json/json-file.ts";

/** The folder of the named templates, each in a file of its own. */
export const NAMED_TEMPLATES = "additional_chat_templates/";
const DEFAULT_FILE = "chat_template.jinja";
/** Read only by processors, and only before 2025. */
const PROCESSOR_FILE = "chat_template.json";

/**
 * The chat templates of a folder by name, as AutoTokenizer finds them, from the first of these that has any:
 * 1. chat_template.jinja (`default`) and `additional_chat_templates/NAME.jinja`;
 * 2. `chat_template` of tokenizer_config.json, a template or a list of named ones;
 * 3. chat_template.json, which AutoProcessor reads.
 */
export function chatTemplatesOf(
  files: ReadonlyMap<string, Uint8Array>,
  config: Readonly<Record<string, unknown>> | undefined,
): ReadonlyMap<string, string> {
  const inFiles = templatesInFiles(files);
  if (inFiles.size > 0) return inFiles;
  const inConfig = templatesIn(config?.chat_template);
  if (inConfig.size > 0) return inConfig;
  const processor = files.get(PROCESSOR_FILE);
  const value = processor && parseJson(processor, PROCESSOR_FILE);
  return templatesIn(isObject(value) ? value.chat_template : undefined);
}

/** True for a file that holds chat templates and nothing else. */
export function isChatTemplateFile(name: string): boolean {
  return name === DEFAULT_FILE || name === PROCESSOR_FILE || isNamedTemplate(name);
}

function isNamedTemplate(name: string): boolean {
  return name.startsWith(NAMED_TEMPLATES) && name.endsWith(".jinja");
}

function templatesInFiles(files: ReadonlyMap<string, Uint8Array>): Map<string, string> {
  const decoder = new TextDecoder();
  const templates = new Map<string, string>();
  for (const [name, content] of files) {
    if (name === DEFAULT_FILE) templates.set("default", decoder.decode(content));
    else if (isNamedTemplate(name)) {
      templates.set(name.slice(NAMED_TEMPLATES.length, -".jinja".length), decoder.decode(content));
    }
  }
  return templates;
}

/** A template; a list of `{ name, template }`; or an object of templates by name. */
function templatesIn(value: unknown): Map<string, string> {
  if (typeof value === "string") return new Map([["default", value]]);
  const entries: readonly (readonly [unknown, unknown])[] = Array.isArray(value)
    ? value.map((entry) => (isObject(entry) ? [entry.name, entry.template] : [undefined, undefined]))
    : isObject(value)
      ? Object.entries(value)
      : [];
  return new Map(
    entries.filter((entry): entry is readonly [string, string] =>
      entry.every((item) => typeof item === "string"),
    ),
  );
}
