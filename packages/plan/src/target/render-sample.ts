import { RevocabError, SPECIAL_ROLES, showMessage } from "@revocab/core";
import { GuardedProcess, type GuardedProgram, RequestRefused } from "@revocab/guarded-process";
import type { Tokenizer } from "@revocab/vocabulary";
import type { ChatMessage, ChatToRender, TemplateTokens } from "./render-chat.ts";

/** A sample conversation as a chat template writes it. */
export interface RenderedSample {
  readonly messages: readonly ChatMessage[];
  readonly text: string;
}

/**
 * Renders the sample conversation, up to where the assistant begins. For a template that refuses a system message (Gemma's)
 * the conversation has none. A template is a program: it runs in a process of its own, within little time and memory.
 * @throws RevocabError `bad_options` for a template that is no Jinja, renders no conversation, or does not end
 */
export async function renderSample(template: string, tokens: TemplateTokens): Promise<RenderedSample> {
  const program = new GuardedProcess<ChatToRender, string>(PROGRAM);
  const render = async (messages: readonly ChatMessage[]): Promise<RenderedSample> => {
    const chat = { template, messages, tokens, addGenerationPrompt: true };
    return { messages, text: await program.ask(chat, ALLOWANCE) };
  };
  try {
    return await render(SAMPLE).catch((error: unknown) => {
      if (!(error instanceof RequestRefused)) throw error;
      return render(SAMPLE.slice(1)).catch(() => Promise.reject(error));
    });
  } catch (cause) {
    if (cause instanceof RevocabError) throw cause;
    const problem = showMessage((cause as Error).message, 200);
    throw new RevocabError("bad_options", `the chat template renders no conversation: ${problem}`, {
      hint: "a chat template is written in Jinja and is given messages, bos_token, eos_token and add_generation_prompt",
      cause,
    });
  } finally {
    program.end();
  }
}

const PROGRAM: GuardedProgram = {
  module: new URL("./chat-process.js", import.meta.url),
  name: "the renderer of chat templates",
  hint: "install revocab again: its dependency @huggingface/jinja is missing",
};

/** Published templates take a few milliseconds. */
const ALLOWANCE = { processorTime: 2_000, memory: 250 };

const SAMPLE: readonly ChatMessage[] = [
  { role: "system", content: "You answer in one word." },
  { role: "user", content: "What does a cat say?" },
  { role: "assistant", content: "Meow." },
  { role: "user", content: "And a cow?" },
];

/** The special tokens by the names that a chat template has for their roles: `bos_token`. */
export function tokensOfRoles({ vocabulary }: Tokenizer): TemplateTokens {
  return Object.fromEntries(
    SPECIAL_ROLES.flatMap((role) => {
      const id = vocabulary.idOfRole(role);
      return id === undefined ? [] : [[`${role}_token`, vocabulary.tokenOf(id)]];
    }),
  );
}
