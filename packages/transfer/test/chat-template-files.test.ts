import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mean } from "@revocab/embedding-init";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { editVocabulary, swapTokenizer } from "@revocab/transfer";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

const scratch = scratchFolders();
const DEFAULT = "{{ bos_token }}{{ messages[0].content }}";
const TOOLS = "T{{ messages[0].content }}";

/** The places where the chat templates of published models stand. */
const FORMS: Readonly<Record<string, (folder: string) => void>> = {
  "chat_template.json of a processor": (folder) =>
    writeFileSync(join(folder, "chat_template.json"), JSON.stringify({ chat_template: DEFAULT })),
  "a template in tokenizer_config.json": (folder) => setInConfig(folder, DEFAULT),
  "named templates in tokenizer_config.json": (folder) =>
    setInConfig(folder, [
      { name: "default", template: DEFAULT },
      { name: "tool_use", template: TOOLS },
    ]),
  "files for each": (folder) => {
    writeFileSync(join(folder, "chat_template.jinja"), DEFAULT);
    mkdirSync(join(folder, "additional_chat_templates"));
    writeFileSync(join(folder, "additional_chat_templates", "tool_use.jinja"), TOOLS);
  },
};

describe.each(Object.entries(FORMS))("a model with %s", (form, write) => {
  const modelOf = () => {
    const model = join(scratch(), "model");
    cpSync(SAMPLE_MODEL, model, { recursive: true });
    write(model);
    return model;
  };
  const expected = new Map([
    ["default", DEFAULT],
    ...(/named|each/.test(form) ? [["tool_use", TOOLS] as const] : []),
  ]);

  it("keeps all of them where they are in an edit", async () => {
    const [model, out] = [modelOf(), join(scratch(), "out")];
    await editVocabulary({ model, method: mean(), addedTokens: ["<|tool|>"], out });
    expect((await loadTokenizer(model)).chatTemplates).toEqual(expected);
    expectSame(model, out);
  });

  it("keeps all of them in a swap that takes the source's", async () => {
    const [model, out] = [modelOf(), join(scratch(), "out")];
    const report = await swapTokenizer({
      model,
      tokenizer: SAMPLE_TOKENIZER,
      method: mean(),
      chatTemplate: "source",
      out,
    });
    expect(report.chatTemplate.from).toBe("source");
    expectSame(model, out);
  });

  it("loses them in a swap to a tokenizer that has one of its own, and where none is wanted", async () => {
    const [model, tokenizer] = [modelOf(), join(scratch(), "tokenizer")];
    cpSync(SAMPLE_TOKENIZER, tokenizer, { recursive: true });
    writeFileSync(join(tokenizer, "chat_template.jinja"), "own");
    const outs = [join(scratch(), "own"), join(scratch(), "none")] as const;
    await swapTokenizer({ model, tokenizer, method: mean(), out: outs[0] });
    await swapTokenizer({ model, tokenizer, method: mean(), chatTemplate: "none", out: outs[1] });
    expect((await loadTokenizer(outs[0])).chatTemplates).toEqual(new Map([["default", "own"]]));
    expect((await loadTokenizer(outs[1])).chatTemplates.size).toBe(0);
    for (const out of outs) {
      expect(
        ["chat_template.json", "additional_chat_templates"].filter((name) => existsSync(join(out, name))),
      ).toEqual([]);
    }
  });
});

function expectSame(model: string, out: string): void {
  const templatesOf = (folder: string) => ({
    files: ["chat_template.json", "chat_template.jinja", "additional_chat_templates/tool_use.jinja"].map(
      (name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : null),
    ),
    config: configOf(folder).chat_template,
  });
  expect(templatesOf(out)).toEqual(templatesOf(model));
}

function setInConfig(folder: string, template: unknown): void {
  writeFileSync(
    join(folder, "tokenizer_config.json"),
    JSON.stringify({ ...configOf(folder), chat_template: template }),
  );
}

function configOf(folder: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, "tokenizer_config.json"), "utf8"));
}
