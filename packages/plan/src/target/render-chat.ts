import { Template } from "@huggingface/jinja";
import type { SpecialRole } from "@revocab/core";

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/** What the reference library hands to a template of the tokenizer's roles. */
export type TemplateTokens = Readonly<Partial<Record<`${SpecialRole}_token`, string>>>;

export interface ChatToRender {
  readonly template: string;
  readonly messages: readonly ChatMessage[];
  readonly tokens: TemplateTokens;
  /** Whether the assistant is to speak next. @default false */
  readonly addGenerationPrompt?: boolean;
}

/**
 * Renders messages as the reference library's `apply_chat_template` does: blocks are trimmed, and the template is given
 * the messages, the roles and whether the assistant is to speak next. A template is a program: one from elsewhere may never
 * end, see `renderSample`.
 * @throws Error of the template: `raise_exception`, or what is wrong in it
 */
export function renderChat({
  template,
  messages,
  tokens,
  addGenerationPrompt = false,
}: ChatToRender): string {
  return new Template(template).render({
    messages: messages.map((message) => ({ ...message })),
    ...tokens,
    tools: null,
    documents: null,
    add_generation_prompt: addGenerationPrompt,
  });
}
