import { Template } from "@huggingface/jinja";
import { RevocabError, type SpecialRole } from "@revocab/core";

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/** A sample conversation as a chat template writes it. */
export interface RenderedSample {
  readonly messages: readonly ChatMessage[];
  readonly text: string;
}

/** What the reference library hands to a template of the tokenizer's roles. */
export type TemplateTokens = Readonly<Partial<Record<`${SpecialRole}_token`, string>>>;

/**
 * Renders messages as the reference library's `apply_chat_template` does: blocks are trimmed, and the template is given
 * the messages, the roles and whether the assistant is to speak next.
 * @throws Error of the template: `raise_exception`, or what is wrong in it
 */
export function renderChat(
  template: string,
  messages: readonly ChatMessage[],
  tokens: TemplateTokens,
  { addGenerationPrompt = false }: { readonly addGenerationPrompt?: boolean } = {},
): string {
  return new Template(template).render({
    messages: messages.map((message) => ({ ...message })),
    ...tokens,
    tools: null,
    documents: null,
    add_generation_prompt: addGenerationPrompt,
  });
}

/**
 * The sample conversation as a template writes it, up to where the assistant is to speak. A template that refuses a system
 * message (Gemma's) is shown it without.
 * @throws RevocabError `bad_options` for a template that is none, or that renders no conversation
 */
export function renderSample(template: string, tokens: TemplateTokens): RenderedSample {
  let problem: unknown;
  for (const messages of [SAMPLE, SAMPLE.slice(1)]) {
    try {
      return { messages, text: renderChat(template, messages, tokens, { addGenerationPrompt: true }) };
    } catch (error) {
      problem ??= error;
    }
  }
  throw new RevocabError(
    "bad_options",
    `the chat template renders no conversation: ${problem instanceof Error ? problem.message : String(problem)}`,
    {
      hint: "a chat template is written in Jinja and is given messages, bos_token, eos_token and add_generation_prompt",
    },
  );
}

const SAMPLE: readonly ChatMessage[] = [
  { role: "system", content: "You answer in one word." },
  { role: "user", content: "What does a cat say?" },
  { role: "assistant", content: "Meow." },
  { role: "user", content: "And a cow?" },
];
