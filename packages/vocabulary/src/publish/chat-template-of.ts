/**
 * The chat template: chat_template.jinja, else `chat_template` of tokenizer_config.json (a string, or a list of named
 * ones of which `default` is taken).
 */
export function chatTemplateOf(
  files: ReadonlyMap<string, Uint8Array>,
  config: Readonly<Record<string, unknown>> | undefined,
): string | undefined {
  const own = files.get("chat_template.jinja");
  if (own !== undefined) return new TextDecoder().decode(own);
  const template = config?.chat_template;
  if (typeof template === "string") return template;
  if (!Array.isArray(template)) return undefined;
  const named = template.find((entry) => entry?.name === "default")?.template;
  return typeof named === "string" ? named : undefined;
}
