import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateText } from "@revocab/measure";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";
import { writeTokenizer } from "../../transfer/test/write-tokenizer.ts";

const scratch = scratchFolders();
const WIDTH = 16;

/**
 * A Llama whose one layer does nothing and whose head follows each token of `said` by the next: what it reads last is
 * all it knows.
 */
async function parrot(tokenizer: string, said: readonly number[]): Promise<string> {
  const { vocabulary } = await loadTokenizer(tokenizer);
  const folder = join(scratch(), "parrot");
  cpSync(tokenizer, folder, { recursive: true });
  const table = (columnOf: (token: number) => number) => {
    const values = new Float32Array(vocabulary.size * WIDTH);
    for (let id = 0; id < vocabulary.size; id++) {
      const column = columnOf(id);
      if (column >= 0) values[id * WIDTH + column] = 1;
    }
    return { shape: [vocabulary.size, WIDTH], values };
  };
  const constant = (value: number, ...shape: number[]) => ({
    shape,
    values: new Float32Array(shape.reduce((a, b) => a * b)).fill(value),
  });
  const layer = "model.layers.0";
  writeTensors(join(folder, "model.safetensors"), {
    "model.embed_tokens.weight": table((id) => said.indexOf(id)),
    "lm_head.weight": table((id) => said.indexOf(id) - 1),
    "model.norm.weight": constant(1, WIDTH),
    [`${layer}.input_layernorm.weight`]: constant(1, WIDTH),
    [`${layer}.post_attention_layernorm.weight`]: constant(1, WIDTH),
    ...Object.fromEntries(
      ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"]
        .concat(["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"])
        .map((name) => [`${layer}.${name}.weight`, constant(0, WIDTH, WIDTH)]),
    ),
  });
  const config = {
    model_type: "llama",
    architectures: ["LlamaForCausalLM"],
    hidden_size: WIDTH,
    intermediate_size: WIDTH,
    num_hidden_layers: 1,
    num_attention_heads: 1,
    num_key_value_heads: 1,
    max_position_embeddings: 32,
    rms_norm_eps: 1e-6,
    hidden_act: "silu",
    tie_word_embeddings: false,
    vocab_size: vocabulary.size,
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  return folder;
}

function writeTensors(
  path: string,
  tensors: Readonly<Record<string, { shape: readonly number[]; values: Float32Array }>>,
): void {
  let position = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    header[name] = { dtype: "F32", shape, data_offsets: [position, position + values.byteLength] };
    position += values.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const data = Object.values(tensors).map(({ values }) => Buffer.from(values.buffer));
  writeFileSync(path, Buffer.concat([length, json, ...data]));
}

/** What is said piece by piece, and the whole. */
async function hear(model: string, prompt: string, options: { maxTokens?: number } = {}) {
  const pieces: string[] = [];
  const result = await generateText({ model, prompt, ...options, onText: (text) => pieces.push(text) });
  return { pieces, ...result };
}

describe("a character of several tokens", () => {
  it.each([
    ["byte-level BPE", SAMPLE_MODEL],
    ["bytes written as <0xF0>", SAMPLE_TOKENIZER],
  ])("comes out whole, once its last byte is there: %s", async (_, from) => {
    const tokenizer = await loadTokenizer(from);
    const { vocabulary } = tokenizer;
    const letter = vocabulary.idsOf(Buffer.from("z"))[0]!;
    const bytes = Array.from(Buffer.from("🙂"), (byte) => vocabulary.idsOf(Buffer.of(byte))[0]!);
    expect(bytes).not.toContain(undefined);
    const end = vocabulary.idOfRole("eos")!;
    const model = await parrot(from, [letter, ...bytes, end]);
    const prompt = (await tokenizer.encode("jazz")).at(-1) === letter ? "jazz" : "z";
    const { pieces, text, tokens, endedBy } = await hear(model, prompt);
    expect(text).toBe(`${prompt}🙂`);
    expect(pieces.filter((piece) => piece !== prompt)).toEqual(["🙂"]);
    expect(tokens).toEqual(bytes);
    expect(endedBy).toBe("stop");

    const cut = await hear(model, prompt, { maxTokens: 3 });
    expect(cut.text).toBe(`${prompt}\ufffd`);
    expect(cut.pieces.join("")).toBe(cut.text);
  });
});

describe("generateText", () => {
  it("says nothing of a prompt it cannot continue, and the prompt alone where the text ends at once", async () => {
    const pieces: string[] = [];
    const long = generateText({
      model: SAMPLE_MODEL,
      prompt: "a story ".repeat(200),
      onText: (text) => pieces.push(text),
    });
    await expect(long).rejects.toMatchObject({ code: "context_too_long" });
    expect(pieces).toEqual([]);

    const { vocabulary } = await loadTokenizer(SAMPLE_MODEL);
    const letter = vocabulary.idsOf(Buffer.from("z"))[0]!;
    const model = await parrot(SAMPLE_MODEL, [letter, vocabulary.idOfRole("eos")!]);
    const ended = await hear(model, "z");
    expect(ended).toMatchObject({ pieces: ["z"], text: "z", tokens: [], endedBy: "stop" });
  });

  it("never says a token that is no text: a special, or a row beyond the vocabulary", async () => {
    const { vocabulary } = await loadTokenizer(SAMPLE_MODEL);
    const said = await hear(SAMPLE_MODEL, "Once", { maxTokens: 100 });
    for (const token of said.tokens) expect(vocabulary.kindOf(token)).toMatch(/^(text|byte)$/);
    const letter = vocabulary.idsOf(Buffer.from("z"))[0]!;
    const bos = vocabulary.idOfRole("bos")!;
    const model = await parrot(SAMPLE_MODEL, [letter, bos]);
    expect((await hear(model, "z", { maxTokens: 1 })).tokens).not.toContain(bos);
  });

  it("needs something to begin with: text, or a token that opens one", async () => {
    expect((await hear(SAMPLE_MODEL, "", { maxTokens: 4 })).text).toBe("Once upon a time");
    const tokenizer = writeTokenizer(join(scratch(), "tokenizer"), {
      ...{ size: 60, specials: { "<end>": 0 }, roles: { eos: "<end>" } },
    });
    const model = await parrot(tokenizer, [0, 1]);
    await expect(generateText({ model, prompt: "" })).rejects.toMatchObject({ code: "bad_text" });
  });

  it("stops when it is told to", async () => {
    const abort = new AbortController();
    const pieces: string[] = [];
    const onText = (text: string) => {
      pieces.push(text);
      abort.abort();
    };
    const stopped = generateText({
      model: SAMPLE_MODEL,
      prompt: "Once",
      onText,
      job: { abortSignal: abort.signal },
    });
    await expect(stopped).rejects.toMatchObject({ code: "aborted" });
    expect(pieces).toHaveLength(1);
  });
});
