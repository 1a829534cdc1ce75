import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import { beforeAll, describe, expect, it } from "vitest";
import { chooseChatTemplate } from "../src/target/chat-template.ts";

let source: Tokenizer;
let target: Tokenizer;
beforeAll(async () => {
  source = await loadTokenizer(SAMPLE_MODEL);
  target = await loadTokenizer(SAMPLE_TOKENIZER);
});

const withTemplate = (
  tokenizer: Tokenizer,
  template: string,
  named: Record<string, string> = {},
): Tokenizer => ({
  ...tokenizer,
  chatTemplates: new Map(Object.entries({ default: template, ...named })),
});

describe("chooseChatTemplate", () => {
  it("takes the target's own by default", () => {
    const chosen = chooseChatTemplate("auto", withTemplate(source, "S"), withTemplate(target, "T"));
    expect(chosen).toMatchObject({ from: "target", templates: new Map([["default", "T"]]) });
  });

  it("keeps the source's when the target has none and every marker in it is one token", () => {
    const template = "{{ bos_token }}{% for m in messages %}{{ m.content }}</s>{% endfor %}";
    const chosen = chooseChatTemplate("auto", withTemplate(source, template), target);
    expect(chosen).toMatchObject({
      from: "source",
      templates: new Map([["default", template]]),
      note: undefined,
    });
  });

  it("drops the source's, and says which marker is the reason, when one is no token of the target", () => {
    const chosen = chooseChatTemplate("auto", withTemplate(source, "<|im_start|>{{ messages }}"), target);
    expect(chosen).toMatchObject({
      from: "none",
      templates: new Map(),
      note: expect.stringContaining('"<|im_start|>"'),
    });
  });

  it("refuses a template that was asked for and does not fit, or does not exist", () => {
    expect(() => chooseChatTemplate("source", withTemplate(source, "<|im_start|>"), target)).toThrow(
      /im_start/,
    );
    expect(() => chooseChatTemplate("target", source, target)).toThrow("the target has no chat template");
  });

  it("looks at every named template", () => {
    const named = { tool_use: "<|tool|>{{ messages }}" };
    expect(() => chooseChatTemplate("source", withTemplate(source, "S", named), target)).toThrow(
      'the source\'s chat template "tool_use" writes "<|tool|>"',
    );
  });

  it("refuses a template that names a role the target lacks", () => {
    const unk = {
      ...target,
      vocabulary: { ...target.vocabulary, idOfRole: () => undefined, idOfSpecial: () => undefined },
    };
    expect(chooseChatTemplate("auto", withTemplate(source, "{{ eos_token }}"), unk).note).toContain(
      '(`chatTemplate: source` with `specials: "</s>"` adds these tokens)',
    );
    expect(() => chooseChatTemplate("source", withTemplate(source, "{{ eos_token }}"), unk)).toThrow(
      /eos_token/,
    );
  });
});
