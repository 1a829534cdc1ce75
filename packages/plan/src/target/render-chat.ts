import { Template } from "@huggingface/jinja";
import type { SpecialRole } from "@revocab/core";

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/** The special tokens that the reference library passes to a template. */
export type TemplateTokens = Readonly<Partial<Record<`${SpecialRole}_token`, string>>>;

export interface ChatToRender {
  readonly template: string;
  readonly messages: readonly ChatMessage[];
  readonly tokens: TemplateTokens;
  /** Whether the text ends where the assistant begins. @default false */
  readonly addGenerationPrompt?: boolean;
}

/**
 * Renders messages as the reference library's `apply_chat_template` does: blocks are trimmed, and the template gets the
 * messages, the special tokens and `add_generation_prompt`. A template is a program and may never end: `renderSample` runs
 * this in a guarded process.
 * @throws Error of the template: of its `raise_exception`, or of its syntax
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
