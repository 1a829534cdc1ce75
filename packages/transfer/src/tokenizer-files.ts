import type { Tokenizer } from "@revocab/vocabulary";
import type { ChosenChatTemplate } from "./chat-template.ts";

/** The target's tokenizer files with the chosen chat template as the only one. */
export function tokenizerFilesWithTemplate(
  tokenizer: Tokenizer,
  { from, template }: ChosenChatTemplate,
): ReadonlyMap<string, Uint8Array> {
  if (from === "target") return tokenizer.files;
  const files = new Map(tokenizer.files);
  for (const file of files.keys()) if (file.startsWith("chat_template")) files.delete(file);
  const config = files.get("tokenizer_config.json");
  if (config) {
    const { chat_template: _, ...rest } = JSON.parse(new TextDecoder().decode(config)) as Record<
      string,
      unknown
    >;
    files.set("tokenizer_config.json", new TextEncoder().encode(`${JSON.stringify(rest, null, 2)}\n`));
  }
  if (template !== undefined) files.set("chat_template.jinja", new TextEncoder().encode(template));
  return files;
}
