import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REAL_TOKENIZERS, realData } from "@revocab/test-support/real-data";
import { added, tokenizerJson } from "@revocab/test-support/tokenizer-json";
import { tokenizerOf } from "@revocab/test-support/tokenizer-of";
import { displayToken, fingerprint, loadTokenizer, tokenizerFromFiles } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

const parts = {
  model: { type: "BPE", vocab: { Ġ: 0, a: 1, Ċ: 2, ÿ: 3, "\\": 4 }, merges: [] },
  added: [added(5, "<s>"), added(6, "</s>")],
  decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
};
const configOf = ({ files }: { files: ReadonlyMap<string, Uint8Array> }) =>
  JSON.parse(Buffer.from(files.get("tokenizer_config.json")!).toString());

const asFile = (of: typeof parts, files: Record<string, object | string> = {}) =>
  tokenizerOf(of, files, { reading: "file" });

describe("the files that publish a tokenizer.json as it is", () => {
  it("get a tokenizer_config.json with the roles where there is none", () => {
    expect(configOf(asFile(parts))).toEqual({
      tokenizer_class: "PreTrainedTokenizerFast",
      bos_token: "<s>",
      eos_token: "</s>",
    });
  });

  it("keep what the config declares, AddedToken objects included, but for a class that would be rebuilt", () => {
    const config = {
      tokenizer_class: "LlamaTokenizer",
      bos_token: { __type: "AddedToken", content: "<s>" },
      legacy: false,
    };
    const tokenizer = asFile(parts, { "tokenizer_config.json": config, "special_tokens_map.json": {} });
    expect(configOf(tokenizer)).toEqual({ ...config, tokenizer_class: "PreTrainedTokenizerFast" });
    expect(tokenizer.notes.join()).toContain("instead of LlamaTokenizer");
    expect([...tokenizer.files.keys()]).toEqual([
      "tokenizer.json",
      "tokenizer_config.json",
      "special_tokens_map.json",
    ]);
  });

  it("stay as they are where nothing needs to change", () => {
    const config = '{ "tokenizer_class":"PreTrainedTokenizerFast", "bos_token":"<s>" }';
    const tokenizer = asFile(parts, { "tokenizer_config.json": config });
    expect(Buffer.from(tokenizer.files.get("tokenizer_config.json")!).toString()).toBe(config);
    expect(Buffer.from(tokenizer.files.get("tokenizer.json")!).toString()).toBe(tokenizerJson(parts));
  });

  it("name no code to run", () => {
    const config = {
      tokenizer_class: "PreTrainedTokenizerFast",
      bos_token: "<s>",
      auto_map: { AutoTokenizer: ["x.Y", null] },
    };
    const tokenizer = asFile(parts, { "tokenizer_config.json": config });
    expect(configOf(tokenizer).auto_map).toBeUndefined();
    expect(tokenizer.notes.join()).toContain("auto_map");
  });

  it("carry the chat template from its own file or from the config", () => {
    const config = {
      chat_template: [
        { name: "tool", template: "T" },
        { name: "default", template: "D" },
      ],
    };
    expect(tokenizerOf(parts).chatTemplates.get("default")).toBeUndefined();
    expect(
      tokenizerOf(parts, { "tokenizer_config.json": { chat_template: "C" } }).chatTemplates.get("default"),
    ).toBe("C");
    expect(tokenizerOf(parts, { "tokenizer_config.json": config }).chatTemplates.get("default")).toBe("D");
    expect(
      tokenizerOf(parts, { "tokenizer_config.json": config, "chat_template.jinja": "J" }).chatTemplates.get(
        "default",
      ),
    ).toBe("J");
  });

  it.each([
    ["plain", parts],
    [
      "with ids that leave a hole",
      { ...parts, added: [added(9, "<s>"), added(8, "  a", { special: false })] },
    ],
  ])("give the same vocabulary when they are read again: %s", (_name, of) => {
    const tokenizer = tokenizerOf(of);
    const again = tokenizerFromFiles(tokenizer.files, "again");
    expect(fingerprint(again.vocabulary)).toBe(fingerprint(tokenizer.vocabulary));
    expect([...again.files]).toEqual([...tokenizer.files]);
  });

  it.skipIf(realData === undefined).each(REAL_TOKENIZERS)(
    "give the same vocabulary when they are read again: %s",
    async (name) => {
      const tokenizer = await loadTokenizer(`${realData}/${name}`);
      const again = tokenizerFromFiles(tokenizer.files, "again");
      expect(fingerprint(again.vocabulary)).toBe(fingerprint(tokenizer.vocabulary));
    },
  );
});

describe("a fingerprint", () => {
  const of = (change: object, files: Record<string, object> = {}) =>
    fingerprint(tokenizerOf({ ...parts, ...change }, files).vocabulary);

  it("changes with bytes, kinds, roles and size, not with the layout of the file", () => {
    const original = of({});
    expect(original).toMatch(/^[0-9a-f]{64}$/);
    expect(of({ postProcessor: null })).toBe(original);
    const changed = [
      of({ model: { ...parts.model, vocab: { ...parts.model.vocab, b: 1, a: 7 } } }),
      of({ added: [...parts.added, added(7, "<pad>")] }),
      of({ added: [parts.added[0]] }),
      of({}, { "tokenizer_config.json": { bos_token: "</s>" } }),
    ];
    expect(new Set([original, ...changed]).size).toBe(5);
  });
});

describe("displaying a token", () => {
  it("shows text, escapes what cannot be seen, and names specials and holes", () => {
    const { vocabulary } = tokenizerOf({ ...parts, added: [added(5, "<s>"), added(7, "x")] });
    expect([0, 1, 2, 3, 4, 5, 6].map((id) => displayToken(vocabulary, id))).toEqual([
      " ",
      "a",
      "\\n",
      "\\xff",
      "\\\\",
      "<s>",
      "<unused 6>",
    ]);
  });
});

describe("encoding", () => {
  it("neither cuts nor pads, whatever the file asks for", async () => {
    const tokenizer = tokenizerOf({
      ...parts,
      truncation: { direction: "Right", max_length: 2, strategy: "LongestFirst", stride: 0 },
      padding: {
        strategy: { Fixed: 8 },
        direction: "Right",
        pad_to_multiple_of: null,
        pad_id: 5,
        pad_type_id: 0,
        pad_token: "<s>",
      },
    });
    expect(await tokenizer.encode("aaa</s>a")).toEqual(Uint32Array.of(1, 1, 1, 6, 1));
    expect(await tokenizer.decode(Uint32Array.of(1, 6))).toBe("a</s>");
  });

  it("fails with one clear error where the library refuses the file", async () => {
    const tokenizer = tokenizerOf({
      ...parts,
      preTokenizer: { type: "Split", pattern: { Regex: "((" }, behavior: "Isolated", invert: false },
    });
    await expect(tokenizer.encode("a")).rejects.toMatchObject({
      code: "bad_tokenizer",
      message: expect.stringContaining("the tokenizers library refuses it"),
    });
  });
});

describe("loading", () => {
  it("a file under a tokenizer's name reads its neighbours, under another name stands alone", async () => {
    const folder = await mkdtemp(join(tmpdir(), "revocab-"));
    try {
      await writeFile(join(folder, "tokenizer.json"), tokenizerJson(parts));
      await writeFile(join(folder, "mine.json"), tokenizerJson(parts));
      await writeFile(join(folder, "tokenizer_config.json"), '{"chat_template": "C", "pad_token": "<s>"}');
      for (const path of [folder, join(folder, "tokenizer.json")]) {
        expect((await loadTokenizer(path)).chatTemplates.get("default")).toBe("C");
      }
      const alone = await loadTokenizer(join(folder, "mine.json"));
      expect(alone.chatTemplates.get("default")).toBeUndefined();
      expect(alone.vocabulary.idOfRole("pad")).toBeUndefined();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
