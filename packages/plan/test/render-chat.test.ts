import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ChatMessage, renderChat, type TemplateTokens } from "../src/target/render-chat.ts";

interface Fixture {
  readonly tokens: TemplateTokens;
  readonly cases: readonly {
    readonly name: string;
    readonly template: string;
    readonly rendered: readonly {
      readonly messages: readonly ChatMessage[];
      readonly addGenerationPrompt: boolean;
      /** Null where the template raises an error. */
      readonly text: string | null;
    }[];
  }[];
}

const { tokens, cases }: Fixture = JSON.parse(
  readFileSync(new URL("./fixtures/chat-templates.json", import.meta.url), "utf8"),
);

describe("renderChat", () => {
  it.each(cases)("writes what apply_chat_template writes: $name", ({ template, rendered }) => {
    for (const { messages, addGenerationPrompt, text } of rendered) {
      const render = () => renderChat({ template, messages, tokens, addGenerationPrompt });
      if (text === null) expect(render).toThrow();
      else expect(render()).toBe(text);
    }
  });
});
