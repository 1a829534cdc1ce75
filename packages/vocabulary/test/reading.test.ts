import { readFileSync } from "node:fs";
import { added } from "@revocab/test-support/tokenizer-json";
import { tokenizerOf } from "@revocab/test-support/tokenizer-of";
import { type Tokenizer, tokenizerFromFiles } from "@revocab/vocabulary";
import { extendTokenizer, pruneTokenizer } from "@revocab/vocabulary-editing";
import { describe, expect, it } from "vitest";

interface Reading {
  readonly model: string;
  readonly switches?: object;
  readonly size: number;
  readonly sides: readonly string[];
  readonly inputs: readonly string[];
  readonly length: number | null;
  /** Of the texts, then of the pair. */
  readonly ids: readonly (readonly number[])[];
  readonly types: readonly number[];
}

const url = new URL("./fixtures/tokenizer-readings.json", import.meta.url);
const { texts, pair, turned, documents, expected } = JSON.parse(readFileSync(url, "utf8")) as {
  readonly texts: readonly string[];
  readonly pair: readonly [string, string];
  readonly turned: object;
  readonly documents: Readonly<Record<string, object>>;
  readonly expected: Readonly<Record<string, Reading>>;
};

function folderOf(name: string): Map<string, Uint8Array> {
  const [className, variant] = name.split(" ");
  const { model, switches } = expected[name]!;
  const config = { tokenizer_class: className, ...(variant === "turned" && { ...switches, ...turned }) };
  return new Map([
    ["tokenizer.json", Buffer.from(JSON.stringify(documents[model]))],
    ["tokenizer_config.json", Buffer.from(JSON.stringify(config))],
  ]);
}

async function readingOf(tokenizer: Tokenizer): Promise<Omit<Reading, "model">> {
  const { reference, vocabulary } = tokenizer;
  const encodings = [
    ...(await Promise.all(texts.map((text) => tokenizer.encodeWithSpecials(text)))),
    await tokenizer.encodeWithSpecials(...pair),
  ];
  return {
    size: vocabulary.size,
    sides: [reference.paddingSide, reference.truncationSide],
    inputs: reference.modelInputNames,
    length: reference.modelMaxLength ?? null,
    ids: encodings.map(({ ids }) => [...ids]),
    types: [...encodings.at(-1)!.typeIds],
  };
}

const fieldsOf = ({ model: _, switches: _turned, ...reading }: Reading) => reading;

describe("every class that builds on the tokenizers library", () => {
  it.each(Object.keys(expected))("%s: the ids, types and settings of AutoTokenizer", async (name) => {
    const tokenizer = tokenizerFromFiles(folderOf(name), name);
    expect(tokenizer.reference.reason).toBeUndefined();
    expect(await readingOf(tokenizer)).toEqual(fieldsOf(expected[name]!));
  });

  it.each(Object.keys(expected).filter((name) => name.endsWith("turned")))(
    "%s: an extended folder reads as its source, and keeps its class and its switches",
    async (name) => {
      const source = tokenizerFromFiles(folderOf(name), name);
      const { tokenizer } = await extendTokenizer(source, { addedTokens: ["[ENT]"] });
      const again = tokenizerFromFiles(tokenizer.files, name);
      expect(again.reference.differences).toEqual([]);
      expect(again.vocabulary.idOfSpecial("[ENT]")).toBe(source.vocabulary.size);
      const reading = fieldsOf(expected[name]!);
      expect(await readingOf(again)).toEqual({ ...reading, size: reading.size + 1 });
      const { added_tokens_decoder: _numbers, ...config } = configOf(again);
      const { added_tokens_decoder: _before, ...before } = configOf(source);
      expect(config).toMatchObject(before);
    },
  );

  it("BertTokenizer turned: a pruned folder keeps it too", async () => {
    const source = tokenizerFromFiles(folderOf("BertTokenizer turned"), "bert");
    const { tokenizer, newIdOf } = await pruneTokenizer(source, { keep: [] });
    expect(tokenizer.reference).toMatchObject({ className: "BertTokenizer", differences: [] });
    const [before, after] = await Promise.all(
      [source, tokenizer].map((each) => each.encodeWithSpecials("a", "o")),
    );
    expect([...after!.ids]).toEqual([...before!.ids].map((id) => newIdOf[id]));
    expect([...after!.typeIds]).toEqual([...before!.typeIds]);
  });
});

describe("ids that the code of a class has fixed", () => {
  const open = (tokenizer_class: string, model: object, config: object = {}) =>
    tokenizerOf({ model }, { "tokenizer_config.json": { tokenizer_class, ...config } });

  it("HerbertTokenizer puts the ids 0 and 2 around a text, whatever tokens have them", async () => {
    const vocab = { a: 0, "<pad>": 1, b: 2, "<s>": 3, "</s>": 4, "<unk>": 5, "<mask>": 6, "a</w>": 7 };
    const { encodeWithSpecials } = open("HerbertTokenizer", { type: "BPE", vocab, merges: [] });
    expect([...(await encodeWithSpecials("a")).ids]).toEqual([0, 7, 2]);
  });

  const named = ["[PAD]", "[CLS]", "[SEP]", "[MASK]"].map((piece): [string, number] => [piece, 0]);
  it.each<[string, [string, number][], object, number | undefined]>([
    ["DebertaV2Tokenizer", [["[UNK]", 0]], {}, 4],
    ["DebertaV2Tokenizer", [["[UNK]", -1]], {}, 1],
    ["DebertaV2Tokenizer", [["▁", 0]], { unk_id: 3 }, 3],
    ["CamembertTokenizer", [["<unk>", -1]], {}, 4],
    ["CamembertTokenizer", [["▁", 0]], {}, 0],
    ["UdopTokenizer", [["▁", 0]], {}, 2],
    ["PegasusTokenizer", [["<unk>", 0]], {}, 4],
    ["PegasusTokenizer", [["<unk>", -1]], {}, undefined],
    ["BigBirdTokenizer", [["<unk>", -1]], {}, undefined],
  ])("%s with the piece %j and %j: its unknown piece", (className, pieces, config, id) => {
    const vocab = [...named, ...pieces, ["x", -2]];
    const { files, reference } = open(className, { type: "Unigram", vocab, unk_id: 0 }, config);
    const { model } = JSON.parse(Buffer.from(files.get("tokenizer.json")!).toString());
    expect(reference.isInForce).toBe(id !== undefined);
    if (id !== undefined) expect(model.unk_id).toBe(id);
  });

  it("a parameter whose effect no table says is refused", () => {
    const vocab = { "[UNK]": 0, a: 1, "##b": 2 };
    const { reference } = open(
      "FunnelTokenizer",
      { type: "WordPiece", vocab, unk_token: "[UNK]" },
      { wordpieces_prefix: "@@" },
    );
    expect(reference.reason).toMatch(/what it does with wordpieces_prefix "@@" is not known here/);
  });
});

describe("tokens that stand in a config alone", () => {
  const parts = {
    model: { type: "BPE", vocab: { a: 0, b: 1 }, merges: [] },
    added: [added(2, "<s>"), added(3, "<!sop!>")],
  };
  const token = (content: string) => ({ content, special: true, normalized: false });

  it("have the ids that the library gives them, behind the others, whatever number a file writes", async () => {
    const { vocabulary, reference, encode } = tokenizerOf(parts, {
      "tokenizer_config.json": {
        added_tokens_decoder: { "3": token("sop"), "7": token("<|im_start|>") },
        pad_token: "<pad>",
      },
    });
    expect(reference.addedTokens).toEqual([
      { id: 4, content: "sop" },
      { id: 5, content: "<|im_start|>" },
      { id: 6, content: "<pad>" },
    ]);
    expect(vocabulary.idOfRole("pad")).toBe(6);
    expect([...(await encode("asop<|im_start|><!sop!>"))]).toEqual([0, 4, 5, 3]);
  });

  it("come from added_tokens.json and special_tokens_map.json where no config numbers tokens", () => {
    const files = { "added_tokens.json": { "<x>": 4 }, "special_tokens_map.json": { eos_token: "</s>" } };
    expect(tokenizerOf(parts, files).reference.addedTokens).toEqual([
      { id: 4, content: "<x>" },
      { id: 5, content: "</s>" },
    ]);
    const numbered = { ...files, "tokenizer_config.json": { added_tokens_decoder: {} } };
    expect(tokenizerOf(parts, numbered).reference.addedTokens).toEqual([]);
  });

  it("keep their ids when the tokenizer is extended", async () => {
    const source = tokenizerOf(parts, {
      "tokenizer_config.json": { added_tokens_decoder: { "9": token("<x>") } },
    });
    const { tokenizer } = await extendTokenizer(source, { addedTokens: ["<y>"] });
    expect([4, 5].map((id) => tokenizer.vocabulary.tokenOf(id))).toEqual(["<x>", "<y>"]);
  });
});

describe("the class of a folder", () => {
  const files = (config: object, model: object | undefined): [string, Uint8Array][] =>
    Object.entries({
      "tokenizer.json": documents.BPE,
      "tokenizer_config.json": config,
      ...(model && { "config.json": model }),
    }).map(([name, content]) => [name, Buffer.from(JSON.stringify(content))]);
  const classOf = (config: object, model?: object) =>
    tokenizerFromFiles(new Map(files(config, model)), "folder").reference.className;

  it.each<[object, object | undefined, string]>([
    [{}, undefined, "PreTrainedTokenizerFast"],
    [{}, { model_type: "llama" }, "PreTrainedTokenizerFast"],
    [{}, { model_type: "gpt2" }, "GPT2Tokenizer"],
    [{ tokenizer_class: "LlamaTokenizerFast" }, undefined, "LlamaTokenizer"],
    [{ tokenizer_class: "BartTokenizer" }, undefined, "RobertaTokenizer"],
    [{ tokenizer_class: "LongformerTokenizerFast" }, undefined, "RobertaTokenizer"],
    [{ tokenizer_class: "ElectraTokenizer" }, { model_type: "electra" }, "BertTokenizer"],
    [{ tokenizer_class: "PreTrainedTokenizerFast" }, { model_type: "qwen2" }, "Qwen2Tokenizer"],
    [
      { tokenizer_class: "PreTrainedTokenizerFast", auto_map: { AutoTokenizer: [null, "x.Y"] } },
      { model_type: "qwen2" },
      "PreTrainedTokenizerFast",
    ],
    [{ tokenizer_class: "LlamaTokenizer" }, { model_type: "granite" }, "PreTrainedTokenizerFast"],
    [{ tokenizer_class: "NobodysTokenizer" }, undefined, "PreTrainedTokenizerFast"],
  ])("with %j beside %j is %s", (config, model, name) => {
    expect(classOf(config, model)).toBe(name);
  });

  it("that is code, or cannot open the file, is named; the folder is shown and not edited", async () => {
    for (const [config, reason] of [
      [
        { tokenizer_class: "M2M100Tokenizer" },
        /Python code, which reads vocab.json, sentencepiece.bpe.model/,
      ],
      [
        { tokenizer_class: "ItsTokenizer", auto_map: { AutoTokenizer: ["x.Y", null] } },
        /Python code of the folder/,
      ],
      [{ split_special_tokens: true }, /split_special_tokens of tokenizer_config.json is not followed/],
      [{ tokenizer_class: "XLMRobertaTokenizer" }, /builds a Unigram, but tokenizer.json has a BPE/],
    ] as const) {
      const tokenizer = tokenizerFromFiles(new Map(files(config, undefined)), "folder");
      expect(tokenizer.reference).toMatchObject({ isInForce: false, reason: expect.stringMatching(reason) });
      await expect(extendTokenizer(tokenizer, { addedTokens: ["<x>"] })).rejects.toMatchObject({
        code: "unsupported_tokenizer",
        message: expect.stringMatching(reason),
      });
    }
  });
});

it("an unknown token that is no added token is not named, as that would make its string a token", async () => {
  const parts = { model: { type: "WordLevel", vocab: { "<unk>": 0, a: 1 }, unk_token: "<unk>" } };
  const before = tokenizerOf(parts);
  const published = tokenizerOf(parts, {}, { reading: "file" });
  expect(configOf(published)).toEqual({ tokenizer_class: "PreTrainedTokenizerFast" });
  const [one, other] = [await before.encode("a<unk>"), await published.encode("a<unk>")];
  expect(other).toEqual(one);
});

function configOf({ files }: Tokenizer): Record<string, unknown> {
  return JSON.parse(Buffer.from(files.get("tokenizer_config.json")!).toString());
}
