import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { HEAD, INPUT, makeModel, randomTable, TOKENS } from "./made-model.ts";
import { expectOneFailure, FIXTURE_MODELS, revocab } from "./revocab.ts";
import { copyTensor } from "./safetensors.ts";
import { workplace } from "./workplace.ts";

const scratch = scratchFolders();

async function inspect(path: string): Promise<string> {
  const { code, stdout, stderr } = await inProcess(["inspect", path]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

/** A copy of a fixture model with a tokenizer of `size` words and one special token. */
function withTokenizer(name: string, size: number, normalizer: object | null = null): string {
  const folder = join(scratch(), name);
  cpSync(join(FIXTURE_MODELS, name), folder, { recursive: true });
  const special = { content: "</s>", id: 0, special: true, normalized: false };
  const flags = { single_word: false, lstrip: false, rstrip: false };
  const tokenizer = {
    version: "1.0",
    added_tokens: [{ ...special, ...flags }],
    normalizer,
    pre_tokenizer: { type: "Whitespace" },
    post_processor: null,
    decoder: null,
    model: {
      type: "WordLevel",
      unk_token: "</s>",
      vocab: Object.fromEntries(Array.from({ length: size }, (_, id) => [id === 0 ? "</s>" : `w${id}`, id])),
    },
  };
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(tokenizer));
  return folder;
}

describe("revocab inspect", () => {
  it("shows a model's tables, its tying, and its tokenizer's kinds and roles", async () => {
    expect(await inspect(SAMPLE_MODEL)).toBe(`model: llama, 1 weight file, 1.9 MB

Tensors with a row per token (tied: input and head share their rows)
  input  1,280 × 128  BF16  model.embed_tokens.weight

Tokenizer: byte-level-bpe, 1,280 ids, fingerprint 8b8d73a88730
  text     1,276
  special      4
  numbers: split digit by digit (1+2+3+4)
  chat template: no

Special tokens
  0  <s>    bos
  1  </s>   eos
  2  <unk>  unk
  3  <pad>  pad

What other programs will make of it
  llama.cpp (LlamaForCausalLM)  the converter stops: its pre-tokenizer is not known (hash 712ae69a342c)
  AutoTokenizer                 opens it as PreTrainedTokenizerFast and keeps the ids of texts

Rows on 1, 2, 4 and 8 devices (of 1,280, divisible by 256)
  program                        1      2      4      8
  vLLM                       1,280  1,280  1,280  1,280
  SGLang                     1,280  1,280  1,280  1,280
  TensorRT-LLM               1,280  1,280  1,280  1,280
  Text Generation Inference  1,280  1,280  1,280  1,280
  Megatron-LM                1,280  1,280  1,536  2,048
`);
  });

  it("shows a tokenizer alone, by its file, and what its tokens have in common", async () => {
    const text = await inspect(join(SAMPLE_TOKENIZER, "tokenizer.json"));
    expect(text).toContain("Tokenizer: unigram, 3,000 ids");
    expect(text).toContain("  text     2,740\n  byte       256\n  special      4\n");
    expect(text).toContain("  69 of them stand for the same bytes as another token\n");
    expect(text).toContain("\nSurprises\n  a space is put before each text\n");
  });

  it("as JSON gives the same facts as one value", async () => {
    const { stdout, stderr } = await revocab(["inspect", SAMPLE_MODEL, "--json"]);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({
      model: {
        modelType: "llama",
        rows: 1280,
        head: "tied",
        tables: [{ slot: "input", shape: [1280, 128] }],
      },
      tokenizer: { family: "byte-level-bpe", size: 1280, kinds: { text: 1276, special: 4 }, duplicates: 0 },
      predictions: {
        gguf: { outcome: "stops", preTokenizer: null, architecture: "LlamaForCausalLM" },
        reference: { keepsIds: true },
        serving: { rows: 1280, powerOfTwo: 256 },
      },
      surprises: [],
    });
  });

  it("is surprised by padding rows", async () => {
    const text = await inspect(withTokenizer("qwen2-padded", 40));
    expect(text).toContain("\nSurprises\n");
    // AutoTokenizer forces Qwen2Tokenizer on the model, which adds its <|endoftext|> behind the 40 tokens.
    expect(text).toContain("  23 padding rows: the tokenizer ends at id 40, the embeddings at 63\n");
  });

  it("is surprised by a tied head that is stored as well", async () => {
    const { model } = workplace(scratch());
    copyTensor(join(model, "model.safetensors"), "model.embed_tokens.weight", "lm_head.weight");
    const text = await inspect(model);
    expect(text).toContain("  model.embed_tokens.weight = lm_head.weight\n");
    expect(text).toContain(
      "  the head is tied, yet stored as well (lm_head.weight); both are rewritten alike\n",
    );
  });

  it("is surprised by a tokenizer that lower-cases, and by one with more ids than there are rows", async () => {
    const text = await inspect(withTokenizer("llama-untied", 50, { type: "Lowercase" }));
    expect(text).toContain("(the head has rows of its own)\n");
    expect(text).toContain("  the normalizer lower-cases\n");
    expect(text).toContain("  the tokenizer has ids up to 49, but the embeddings have 43 rows: they do not");
  });

  it("is surprised by positions that depend on the pad id", async () => {
    expect(await inspect(join(FIXTURE_MODELS, "roberta"))).toContain(
      "  positions depend on pad_token_id: the pad id must stay the same\n",
    );
  });

  it("shows a model without a tokenizer or without a head, and one in several files", async () => {
    const text = await inspect(join(FIXTURE_MODELS, "llama-base"));
    expect(text).toContain("(the model has no head)\n");
    expect(text).toContain("\nTokenizer: none\n");
    expect(text).toContain("  the folder has no tokenizer; a swap needs one\n");
    expect(await inspect(join(FIXTURE_MODELS, "llama-sharded"))).toMatch(
      /^llama-sharded: llama, 3 weight files/,
    );
  });

  it("takes a folder with a config.json but no weights for a tokenizer's", async () => {
    const { model } = workplace(scratch());
    rmSync(join(model, "model.safetensors"));
    expect(await inspect(model)).toMatch(/^model\n\nTokenizer: byte-level-bpe, 1,280 ids/);
  });

  it("cuts a special token that is longer than a line", async () => {
    const folder = withTokenizer("qwen2-padded", 40);
    const path = join(folder, "tokenizer.json");
    writeFileSync(path, readFileSync(path, "utf8").replaceAll("</s>", "x".repeat(5000)));
    expect(await inspect(path)).toMatch(/^ {2}0 +x{100}…$/m);
  });

  it("takes what its architecture means for llama.cpp, and its rows, from the model", async () => {
    const folder = withTokenizer("qwen2-padded", 40);
    const text = await inspect(folder);
    expect(text).toMatch(
      /llama\.cpp \(Qwen2ForCausalLM\) +the converter stops: its pre-tokenizer is not known/,
    );
    expect(text).toMatch(/AutoTokenizer +opens it as Qwen2Tokenizer/);
    expect(text).toContain("Rows on 1, 2, 4 and 8 devices (of 64, divisible by 64)");
    writeFileSync(join(folder, "tokenizer.model"), "");
    expect(await inspect(folder)).toMatch(/SentencePiece BPE from tokenizer\.model, without a pre-tokenizer/);
  });

  it("writes a page with all that was found, in place of an earlier page alone", async () => {
    const page = join(scratch(), "page.html");
    const { stdout } = await inProcess(["inspect", SAMPLE_MODEL, "--html", page]);
    expect(stdout).toContain(`\nPage written to ${page}\n`);
    const html = readFileSync(page, "utf8");
    for (const part of ["model: llama", "hash of its check text", "DEFAULT_VOCAB_PADDING_SIZE"])
      expect(html).toContain(part);
    expect((await inProcess(["inspect", SAMPLE_MODEL, "--html", page])).code).toBe(0);
    writeFileSync(page, "mine");
    expectOneFailure(
      await inProcess(["inspect", SAMPLE_MODEL, "--html", page]),
      /exists already, and is no page of revocab/,
    );
    expect(readFileSync(page, "utf8")).toBe("mine");
  });
});

describe("revocab inspect --well-trained", () => {
  const WIDTH = 16;
  /** Rows of padding, and those of some tokens, that point in one direction. */
  const plant =
    (tokens: readonly number[], length = 1) =>
    (data: Float32Array) => {
      for (const row of [...tokens, TOKENS, TOKENS + 1]) {
        data.fill(0, row * WIDTH, (row + 1) * WIDTH);
        data[row * WIDTH + 3] = length;
      }
    };
  const planted = (name: string, tokens: readonly number[], length?: number) =>
    randomTable(name, [TOKENS + 2, WIDTH], plant(tokens, length));
  const inspectTokens = async (folder: string, ...words: readonly string[]) =>
    inProcess(["inspect", folder, "--well-trained", "--quiet", ...words]);

  it("shows the tokens of an untied model that look hardly trained, the worst first, and by what", async () => {
    const tensors = [planted(INPUT, [2000], 0.01), planted(HEAD, [2000])];
    const { stdout } = await inspectTokens(makeModel(scratch(), { tensors }));
    expect(stdout).toMatch(
      /\nTokens that look hardly trained: \d+ of 3,000 \(an indicator suspects at most 1 % of all rows\)\n/,
    );
    expect(stdout).toMatch(/^ {2}norm of the input row +below \d\.\d+ +\d\d$/m);
    expect(stdout).toMatch(
      /^ {2}cosine of the output row to the mean of unused rows +above 0\.\d+ +\d+\n {2}unused rows: 2\n/m,
    );
    expect(stdout).toMatch(
      /\nThe worst of them\n +2000 {2}" word" +norm of the input row 0\.0100, cosine of the input row to the mean of unused rows 1\.00, cosine of the output row .* 1\.00\n/,
    );
    expect(stdout).toMatch(/\n {2}… and \d+ more\n\nSurprises\n/);
  });

  it("goes by unused rows alone where the head is tied, and says so where there are none", async () => {
    const { stdout } = await inspectTokens(makeModel(scratch(), { tensors: [planted(INPUT, [2000])] }));
    expect(stdout).not.toContain("norm of the input row");
    expect(stdout).toMatch(/The worst of them\n +2000 {2}" word" +cosine of the input row .* 1\.00\n/);
    const words = makeModel(scratch(), {
      tensors: [randomTable(INPUT, [40, WIDTH])],
      tokenizer: withTokenizer("qwen2-padded", 40),
    });
    expect((await inspectTokens(words)).stdout).toContain(
      "cannot be told: the head is tied, and no row is without a token\n",
    );
  });

  it("where no row is unused, goes by the bytes that no text has: the sample never saw its padding token", async () => {
    const { stdout } = await inspectTokens(SAMPLE_MODEL);
    expect(stdout).toContain("\nTokens that look hardly trained: 13 of 1,267 (");
    expect(stdout).toMatch(/The worst of them\n +3 +"<pad>" +cosine of the input row .* 1\.00\n/);
  });

  it("as JSON lists all of them", async () => {
    const tensors = [planted(INPUT, [2000], 0.01), planted(HEAD, [2000])];
    const { stdout } = await inspectTokens(makeModel(scratch(), { tensors }), "--json");
    const { training } = JSON.parse(stdout);
    expect(training).toMatchObject({
      tokens: TOKENS,
      unusedRows: 2,
      indicators: [{ suspects: "below" }, {}, {}],
    });
    expect(training.suspected[0]).toMatchObject({ id: 2000, token: " word" });
    expect(training.suspected.length).toBeGreaterThan(20);
  });

  it("refuses a tokenizer, and a model with a row that is not finite", async () => {
    expectOneFailure(await inspectTokens(SAMPLE_TOKENIZER), /tokenizer holds neither model\.safetensors/);
    const table = randomTable(INPUT, [TOKENS + 2, WIDTH], (data) =>
      data.fill(Number.NaN, 30 * WIDTH + 1, 30 * WIDTH + 2),
    );
    const folder = makeModel(scratch(), { tensors: [table] });
    expectOneFailure(
      await inspectTokens(folder),
      /row 30 of the input table holds a number that is not finite/,
    );
  });
});
