import { mkdirSync, rmSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { openCheckpoint } from "@revocab/checkpoint";
import { describe, expect, it } from "vitest";
import {
  FIXTURES,
  floats,
  LLAMA_CONFIG,
  LLAMA_TENSORS,
  modelFolder,
  safetensorsOf,
  shardedFolder,
  temporaryFolder,
} from "./model-folder.ts";

/** Slot, tensors, rows × columns, dtype; as the reference library saved them. */
const EXPECTED: Readonly<Record<string, readonly [tied: boolean, ...tables: string[]]>> = {
  bart: [true, "input model.shared.weight 46x16 F32", "output.bias final_logits_bias 46x1 F32"],
  bert: [
    true,
    "input bert.embeddings.word_embeddings.weight 59x16 F32",
    "output.bias cls.predictions.bias 59x1 F32",
  ],
  "collision-llama": [false, "input model.embed_tokens.weight 16x16 F32", "output lm_head.weight 16x16 F32"],
  "deberta-v3": [
    true,
    "input deberta.embeddings.word_embeddings.weight 58x16 F32",
    "output.bias lm_predictions.lm_head.bias 58x1 F32",
  ],
  gemma: [true, "input model.embed_tokens.weight 53x16 F16"],
  gemma3: [true, "input language_model.model.embed_tokens.weight 52x16 BF16"],
  "gemma3n-text": [
    true,
    "input model.embed_tokens.weight 57x16 BF16",
    "input.per_layer model.embed_tokens_per_layer.weight 57x8 BF16",
  ],
  "gpt-neox": [false, "input gpt_neox.embed_in.weight 49x16 F16", "output embed_out.weight 49x16 F16"],
  gpt2: [true, "input transformer.wte.weight 55x16 F32"],
  "llama-base": [false, "input embed_tokens.weight 44x16 BF16"],
  "llama-sharded": [false, "input model.embed_tokens.weight 47x16 F16", "output lm_head.weight 47x16 F16"],
  "llama-tied": [true, "input model.embed_tokens.weight 45x16 BF16"],
  "llama-untied": [false, "input model.embed_tokens.weight 43x16 F32", "output lm_head.weight 43x16 F32"],
  llava: [
    false,
    "input language_model.model.embed_tokens.weight 41x16 BF16",
    "output language_model.lm_head.weight 41x16 BF16",
  ],
  mistral: [false, "input model.embed_tokens.weight 51x16 BF16", "output lm_head.weight 51x16 BF16"],
  "qwen2-padded": [true, "input model.embed_tokens.weight 64x16 BF16"],
  "qwen2-vl": [true, "input model.embed_tokens.weight 54x16 F16"],
  roberta: [
    true,
    "input roberta.embeddings.word_embeddings.weight 61x16 F32",
    "output.bias lm_head.bias 61x1 F32",
  ],
  t5: [true, "input shared.weight 37x16 F32"],
  "t5-untied": [false, "input shared.weight 39x16 BF16", "output lm_head.weight 39x16 BF16"],
  t5gemma: [
    true,
    "input model.decoder.embed_tokens.weight 50x16 BF16",
    "input.encoder model.encoder.embed_tokens.weight 50x16 BF16",
  ],
  "xlm-roberta": [
    true,
    "input roberta.embeddings.word_embeddings.weight 63x16 BF16",
    "output.bias lm_head.bias 63x1 BF16",
  ],
};

describe("the models of the reference library", () => {
  it("are all covered", async () => {
    expect((await readdir(FIXTURES)).sort()).toEqual(Object.keys(EXPECTED).sort());
  });

  it.each(Object.entries(EXPECTED))(
    "%s: every vocabulary table is found",
    async (name, [tied, ...tables]) => {
      const checkpoint = await openCheckpoint(join(FIXTURES, name));
      const found = checkpoint.tables.map(({ slot, matrix, tensors }) => {
        const names = tensors.map(({ entry }) => entry.name).join("+");
        return `${slot} ${names} ${matrix.rows}x${matrix.columns} ${matrix.dtype}`;
      });
      expect(found).toEqual(tables);
      expect(checkpoint.tied).toBe(tied);
      await checkpoint.close();
    },
  );

  it("rows that a per-layer table lacks are its first row, as the model reads them", async () => {
    const checkpoint = await openCheckpoint(join(FIXTURES, "gemma3n-text"));
    const { matrix } = checkpoint.tables.find(({ slot }) => slot === "input.per_layer")!;
    const first = new Uint8Array(16);
    await matrix.readRows(0, 1, first);
    const last = new Uint8Array(8 * 16);
    await matrix.readRows(49, 8, last);
    const rows = Array.from({ length: 8 }, (_, i) => last.slice(i * 16, (i + 1) * 16));
    expect(rows.map((row) => Buffer.compare(row, first))).toEqual([
      expect.not.toBeOneOf([0]),
      expect.not.toBeOneOf([0]),
      0,
      0,
      0,
      0,
      0,
      0,
    ]);
    await checkpoint.close();
  });
});

/** Opens, expects a refusal, and that it says what to do. */
async function expectRefused(folder: string, code: string, message: RegExp, options = {}): Promise<void> {
  await expect(openCheckpoint(folder, options)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
    hint: expect.stringMatching(/\w/),
  });
  rmSync(folder, { recursive: true });
}

const without = (name: string) => LLAMA_TENSORS.filter((tensor) => tensor.name !== name);

describe("a folder that is no model", () => {
  it("does not exist", () =>
    expect(openCheckpoint("/nowhere/at/all")).rejects.toMatchObject({ code: "missing_file" }));

  it("is empty", () => expectRefused(temporaryFolder(), "missing_file", /neither model.safetensors nor/));

  it("has pickled weights only, and learns how to convert them", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "config.json"), JSON.stringify(LLAMA_CONFIG));
    writeFileSync(join(folder, "pytorch_model.bin"), "");
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      hint: expect.stringContaining("save_pretrained"),
    });
    await expectRefused(folder, "unsupported_checkpoint", /pytorch_model.bin .*safetensors were expected/);
  });

  it("has weights under another name", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "weights.gguf"), "");
    await expectRefused(folder, "unsupported_checkpoint", /weights.gguf/);
  });

  it("is an adapter alone, and learns how to merge it with its base", async () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, "adapter_config.json"),
      JSON.stringify({ base_model_name_or_path: "org/base" }),
    );
    writeFileSync(join(folder, "adapter_model.safetensors"), "");
    await expect(openCheckpoint(folder)).rejects.toMatchObject({
      hint: expect.stringMatching(/from_pretrained\('org\/base'\).*merge_and_unload.*`adapter: /),
    });
    await expectRefused(folder, "unsupported_checkpoint", /is an adapter .* of org\/base, not a model/);
  });

  it("has its transformer in a folder of its own", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "0_Transformer"));
    writeFileSync(join(folder, "0_Transformer/config.json"), JSON.stringify(LLAMA_CONFIG));
    const module = { path: "0_Transformer", type: "sentence_transformers.models.Transformer" };
    writeFileSync(join(folder, "modules.json"), JSON.stringify([module]));
    await expectRefused(folder, "unsupported_checkpoint", /whose transformer lies in 0_Transformer/);
  });

  it("has no config", async () => {
    const folder = modelFolder();
    unlinkSync(join(folder, "config.json"));
    await expectRefused(folder, "missing_file", /config.json/);
  });

  it.each([
    ["is no JSON", "{", /JSON that is cut short/],
    ["is a list", "[]", /holds a list/],
    ["has no model_type", "{}", /no model_type/],
    ["has a vocab_size that is no count", '{"model_type":"llama","vocab_size":-3}', /vocab_size as -3/],
  ])("its config %s", async (_, text, message) => {
    const folder = modelFolder();
    writeFileSync(join(folder, "config.json"), text);
    await expectRefused(folder, "bad_config", message);
  });
});

describe("config and tensors that disagree", () => {
  it("vocab_size and rows", () =>
    expectRefused(
      modelFolder(LLAMA_TENSORS, { ...LLAMA_CONFIG, vocab_size: 12 }),
      "bad_config",
      /vocab_size 12, but model.embed_tokens.weight has 10 rows/,
    ));

  it("hidden_size and columns", () =>
    expectRefused(
      modelFolder(LLAMA_TENSORS, { ...LLAMA_CONFIG, hidden_size: 8 }),
      "bad_config",
      /8 wide, but model.embed_tokens.weight has 4/,
    ));

  it("a head that is missing though it is not tied", () =>
    expectRefused(modelFolder(without("lm_head.weight")), "bad_config", /has no head, but its config says/));

  it("a tied head that differs from the input embeddings", () =>
    expectRefused(
      modelFolder(LLAMA_TENSORS, { ...LLAMA_CONFIG, tie_word_embeddings: true }),
      "bad_config",
      /lm_head.weight and model.embed_tokens.weight differ/,
    ));

  it("a head with other rows than the input embeddings", () =>
    expectRefused(
      modelFolder([floats("lm_head.weight", [9, 4]), ...without("lm_head.weight")]),
      "unsupported_checkpoint",
      /lm_head.weight has 9 rows, but the input embeddings have 10/,
    ));
});

describe("tensors of the vocabulary's size", () => {
  const withExtra = () => modelFolder([...LLAMA_TENSORS, floats("model.mystery.weight", [3, 10])]);

  it("unknown ones are named", () =>
    expectRefused(withExtra(), "unknown_tensor", /model.mystery.weight \[3,10\].*\(10\)/));

  it("pass where the user says that it is a coincidence", async () => {
    const checkpoint = await openCheckpoint(withExtra(), { ignoreTensors: ["model.mystery.weight"] });
    expect(checkpoint.tables).toHaveLength(2);
    await checkpoint.close();
  });

  it("get the slot that the user names", async () => {
    const folder = modelFolder([floats("tok.w", [10, 4])], { model_type: "own", vocab_size: 10 });
    const checkpoint = await openCheckpoint(folder, { vocabularyTensors: { "tok.w": "input" } });
    expect(checkpoint.tables.map(({ slot }) => slot)).toEqual(["input"]);
    await checkpoint.close();
    await expectRefused(folder, "unsupported_checkpoint", /these have a row per token: tok.w \[10,4\]/);
  });

  it("cannot get a slot that does not exist", () =>
    expectRefused(withExtra(), "bad_options", /"ouput" is no slot/, {
      vocabularyTensors: { "model.mystery.weight": "ouput" },
    }));

  it("with a column per token are refused as such", async () => {
    const folder = withExtra();
    const error = await openCheckpoint(folder, {
      vocabularyTensors: { "model.mystery.weight": "output.mystery" },
    }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ hint: expect.stringContaining("has a column per token") });
  });

  it("that are quantised are refused", () =>
    expectRefused(
      modelFolder([
        { name: "model.embed_tokens.weight", dtype: "I8", shape: [10, 4], bytes: new Uint8Array(40) },
        ...without("model.embed_tokens.weight"),
      ]),
      "unsupported_dtype",
      /model.embed_tokens.weight as I8 \[10,4\]/,
    ));

  it.each([
    ["model.embed_tokens", "weight_packed", [10, 1]],
    ["lm_head", "qweight", [1, 10]],
  ])("that are packed are refused: %s.%s", (layer, kind, shape) =>
    expectRefused(
      modelFolder([
        { name: `${layer}.${kind}`, dtype: "I32", shape, bytes: new Uint8Array(40) },
        ...without(`${layer}.weight`),
      ]),
      "unsupported_dtype",
      new RegExp(`${layer}\\.${kind} as I32 \\[${shape}\\]`),
    ),
  );

  it("that do not exist cannot be named", () =>
    expectRefused(modelFolder(), "bad_options", /no tensor named nope/, { ignoreTensors: ["nope"] }));
});

describe("tables outside of the architecture's names", () => {
  const MTP = "model.layers.1.";
  const next = [
    floats(`${MTP}embed_tokens.weight`, [10, 4], 5),
    floats(`${MTP}shared_head.head.weight`, [10, 4], 6),
    floats(`${MTP}shared_head.norm.weight`, [4]),
  ];
  const slotsOf = async (folder: string) => {
    const checkpoint = await openCheckpoint(folder);
    await checkpoint.close();
    return Object.fromEntries(
      checkpoint.tables.map(({ slot, tensors }) => [slot, tensors.map(({ entry }) => entry.name)]),
    );
  };

  it("in a layer that predicts several tokens ahead have slots of their own", async () => {
    expect(await slotsOf(modelFolder([...LLAMA_TENSORS, ...next]))).toEqual({
      input: ["model.embed_tokens.weight"],
      output: ["lm_head.weight"],
      "input.layers.1": [`${MTP}embed_tokens.weight`],
      "output.layers.1": [`${MTP}shared_head.head.weight`],
    });
  });

  it("are copies where they hold the same bytes, of the table of their role first", async () => {
    const copies = [
      { ...floats("", [10, 4]), name: `${MTP}embed_tokens.weight` },
      { ...floats("", [10, 4], 1), name: `${MTP}shared_head.head.weight` },
      { ...floats("", [10, 4], 1), name: "extra.mystery" },
    ];
    expect(await slotsOf(modelFolder([...LLAMA_TENSORS, ...copies]))).toEqual({
      input: ["model.embed_tokens.weight", `${MTP}embed_tokens.weight`],
      output: ["lm_head.weight", `${MTP}shared_head.head.weight`, "extra.mystery"],
    });
  });

  it("of draft heads are found with their biases", async () => {
    const heads = [0, 1].flatMap((i) => [
      floats(`medusa_head.${i}.0.linear.weight`, [4, 4], i),
      floats(`medusa_head.${i}.1.weight`, [10, 4], 7 + i),
      floats(`medusa_head.${i}.1.bias`, [10], 9 + i),
    ]);
    expect(Object.keys(await slotsOf(modelFolder([...LLAMA_TENSORS, ...heads])))).toEqual([
      "input",
      "output",
      "output.medusa_head.0",
      "output.medusa_head.1",
      "output.medusa_head.0.bias",
      "output.medusa_head.1.bias",
    ]);
  });

  it("of encoder and decoder are two where they differ, though the architecture has one", async () => {
    const t5 = { model_type: "t5", d_model: 4, vocab_size: 10, tie_word_embeddings: true };
    const tensors = ["shared", "encoder.embed_tokens", "decoder.embed_tokens"].map((name, i) =>
      floats(`${name}.weight`, [10, 4], i === 2 ? 1 : 0),
    );
    expect(await slotsOf(modelFolder(tensors, t5))).toEqual({
      input: ["shared.weight", "encoder.embed_tokens.weight"],
      "input.decoder": ["decoder.embed_tokens.weight"],
    });
  });

  it.each([
    ["a table of integers in a layer", "model.layers.0.mlp.gate.experts_of", [10, 2], "I64"],
    ["a table inside an MLP", "model.layers.0.mlp.engram", [10, 3], "F32"],
    ["a head of a part for images", "vision_tower.head.weight", [10, 3], "F32"],
  ])("%s is named, wherever it stands", (_, name, shape, dtype) => {
    const bytes = new Uint8Array(shape.reduce((a, b) => a * b, dtype === "I64" ? 8 : 4));
    return expectRefused(
      modelFolder([...LLAMA_TENSORS, { name, shape, dtype, bytes }]),
      "unknown_tensor",
      /holds .*which has a dimension as large as the vocabulary/,
    );
  });

  it.each([
    ["the experts of tokens", "model.layers.0.mlp.gate.tid2eid", "which experts each token is sent to"],
    ["the tokens of a draft head", "d2t", "which tokens the ids of a draft head are"],
    ["the rows of tokens", "mapping", "which row each token has"],
  ])("map %s: no mixture of rows is one, so they are refused by name", (_, name, reason) =>
    expectRefused(
      modelFolder([...LLAMA_TENSORS, { name, dtype: "I64", shape: [10], bytes: new Uint8Array(80) }]),
      "unsupported_checkpoint",
      new RegExp(`holds .*${name} as I64 \\[10\\]: it says ${reason}`),
    ),
  );

  it("are no tables where a layer's name or the config explains their size", async () => {
    const config = { ...LLAMA_CONFIG, intermediate_size: 10, moe: { latent_size: 10 } };
    const layer = [
      floats("model.layers.0.mlp.down_proj.weight", [4, 10]),
      floats("model.layers.0.mlp.latent_basis", [10, 3]),
      floats("model.position_embeddings.weight", [10, 4], 4),
    ];
    expect(Object.keys(await slotsOf(modelFolder([...LLAMA_TENSORS, ...layer], config)))).toEqual([
      "input",
      "output",
    ]);
  });

  it("are refused with the slot that they likely have", async () => {
    const hintOn = async (tensor: (typeof LLAMA_TENSORS)[number]) => {
      const error = await openCheckpoint(modelFolder([...LLAMA_TENSORS, tensor])).catch((e: unknown) => e);
      return (error as { hint: string }).hint;
    };
    expect(await hintOn(floats("model.scores.bias", [10]))).toContain(
      "vocabularyTensors: model.scores.bias=output.bias`",
    );
    expect(await hintOn(floats("model.scores", [10, 2]))).toContain("model.scores=output.scores`");
  });
});

describe("a table of static embeddings", () => {
  const config = { tokenizer_name: "x", apply_zipf: true, hidden_dim: 4 };

  it.each([
    ["as model2vec writes it", "embeddings", { ...config, model_type: "model2vec" }],
    ["as model2vec wrote it first, without a model_type", "embeddings", config],
    ["as sentence-transformers writes it, without a config", "embedding.weight", undefined],
  ])("opens %s", async (_, name, written) => {
    const folder = modelFolder([floats(name, [10, 4])], written);
    if (written === undefined) unlinkSync(join(folder, "config.json"));
    const checkpoint = await openCheckpoint(folder);
    expect(checkpoint.modelType).toBe("model2vec");
    expect([checkpoint.rows, checkpoint.tied]).toEqual([10, false]);
    await checkpoint.close();
  });

  it("has a table of weights besides where the model has them", async () => {
    const folder = modelFolder([floats("embeddings", [10, 4]), floats("weights", [10])], config);
    const checkpoint = await openCheckpoint(folder);
    expect(checkpoint.tables.map(({ slot, isBias }) => [slot, isBias])).toEqual([
      ["input", false],
      ["input.weights", false],
    ]);
    await checkpoint.close();
  });

  it("is named where it lies in a folder of its own", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "0_StaticEmbedding"));
    await expectRefused(folder, "missing_file", /table and tokenizer are in its folder 0_StaticEmbedding/);
  });
});

describe("an outer vocab_size", () => {
  it("gives way to that of the part which describes the language model", async () => {
    const { vocab_size, hidden_size, ...outer } = LLAMA_CONFIG;
    const checkpoint = await openCheckpoint(
      modelFolder(LLAMA_TENSORS, {
        ...outer,
        model_type: "llava",
        vocab_size: 7,
        text_config: { vocab_size, hidden_size },
      }),
    );
    expect(checkpoint.rows).toBe(10);
    await checkpoint.close();
  });
});

describe("a head that only a nested config ties", () => {
  it.each([
    ["tied where it holds the input's rows", 0, true],
    ["its own where it does not", 1, false],
  ])("is %s", async (_, offset, tied) => {
    const head = { ...floats("lm_head.weight", [10, 4], offset) };
    const { vocab_size, hidden_size, ...outer } = LLAMA_CONFIG;
    const text_config = { vocab_size, hidden_size, tie_word_embeddings: true };
    const checkpoint = await openCheckpoint(
      modelFolder([head, ...without("lm_head.weight")], { ...outer, text_config }),
    );
    expect(checkpoint.tied).toBe(tied);
    await checkpoint.close();
  });
});

describe("a model of an unknown type", () => {
  it("with names that tell its tables opens, whatever stands before them", async () => {
    const checkpoint = await openCheckpoint(
      modelFolder(
        [floats("core.net.token_embedding.weight", [10, 4]), floats("core.lm_head.weight", [10, 4], 1)],
        { model_type: "new-one", vocab_size: 10, tie_word_embeddings: false },
      ),
    );
    expect(checkpoint.tables.map(({ slot }) => slot)).toEqual(["input", "output"]);
    await checkpoint.close();
  });

  it("with several tables that may be the input is refused with the flags to say which", () =>
    expectRefused(
      modelFolder([floats("a.embed.weight", [10, 4]), floats("b.embed.weight", [10, 4], 1)], {
        model_type: "new-one",
        vocab_size: 10,
      }),
      "unsupported_checkpoint",
      /these have a row per token: a.embed.weight \[10,4\],b.embed.weight/,
    ));

  it("with the usual names opens, and is tied where it has no head", async () => {
    const checkpoint = await openCheckpoint(
      modelFolder(without("lm_head.weight"), { model_type: "new-one", vocab_size: 10 }),
    );
    expect(checkpoint.tied).toBe(true);
    expect(checkpoint.headName).toBe("lm_head.weight");
    await checkpoint.close();
  });
});

describe("a tied model", () => {
  const tied = { ...LLAMA_CONFIG, tie_word_embeddings: true };

  it("with a stored copy of the head has one table in two tensors", async () => {
    const head = { ...floats("model.embed_tokens.weight", [10, 4]), name: "lm_head.weight" };
    const checkpoint = await openCheckpoint(modelFolder([head, ...without("lm_head.weight")], tied));
    expect(checkpoint.tables.map(({ tensors }) => tensors.map(({ entry }) => entry.name))).toEqual([
      ["model.embed_tokens.weight", "lm_head.weight"],
    ]);
    expect(checkpoint.headTensors).toEqual(["lm_head.weight"]);
    await checkpoint.close();
  });

  it("stored with the head alone has that as its input table", async () => {
    const checkpoint = await openCheckpoint(modelFolder(without("model.embed_tokens.weight"), tied));
    expect(checkpoint.tied).toBe(true);
    expect(checkpoint.tables[0]!.tensors[0]!.entry.name).toBe("lm_head.weight");
    await checkpoint.close();
  });

  it("named as the model without its head is tied when its class has one", async () => {
    const bare = [floats("wte.weight", [10, 4]), floats("h.0.ln_1.weight", [4])];
    for (const [name, isTied] of [
      ["GPT2LMHeadModel", true],
      ["GPT2Model", false],
    ] as const) {
      const checkpoint = await openCheckpoint(
        modelFolder(bare, { model_type: "gpt2", architectures: [name], vocab_size: 10, n_embd: 4 }),
      );
      expect(checkpoint.tied).toBe(isTied);
      await checkpoint.close();
    }
  });

  it("is known as tied by the library's default, where the config does not say", async () => {
    const { tie_word_embeddings: _, ...silent } = LLAMA_CONFIG;
    const checkpoint = await openCheckpoint(
      modelFolder(without("lm_head.weight"), { ...silent, model_type: "gemma" }),
    );
    expect(checkpoint.tied).toBe(true);
    await checkpoint.close();
  });
});

describe("an index", () => {
  const [head, ...rest] = LLAMA_TENSORS;
  const shards = { "model-1.safetensors": [head!], "model-2.safetensors": rest };
  const map = Object.fromEntries([
    [head!.name, "model-1.safetensors"],
    ...rest.map(({ name }) => [name, "model-2.safetensors"]),
  ]);

  it("that agrees with its files opens", async () => {
    const checkpoint = await openCheckpoint(shardedFolder(shards));
    expect(checkpoint.files.map(({ name }) => name)).toEqual(["model-1.safetensors", "model-2.safetensors"]);
    await checkpoint.close();
  });

  it.each([
    "../model-1.safetensors",
    "/etc/passwd",
    "a/b.safetensors",
    "..\\x.safetensors",
    ".hidden.safetensors",
    "weights.bin",
  ])("may not name %s", (file) =>
    expectRefused(
      shardedFolder(shards, { ...map, [head!.name]: file }),
      "bad_safetensors",
      /a file in the same folder was expected/,
    ),
  );

  it("may not name a missing file", () =>
    expectRefused(
      shardedFolder(shards, { ...map, more: "model-3.safetensors" }),
      "missing_file",
      /1 are missing: model-3.safetensors/,
    ));

  it("may not list a tensor that no file holds", () =>
    expectRefused(
      shardedFolder(shards, { ...map, more: "model-1.safetensors" }),
      "bad_safetensors",
      /more is in model-1.safetensors, which does not hold it/,
    ));

  it("may not say the wrong file of a tensor", () =>
    expectRefused(
      shardedFolder(shards, { ...map, "model.norm.weight": "model-1.safetensors" }),
      "bad_safetensors",
      /model.norm.weight is in model-1.safetensors, but it is in model-2/,
    ));

  it("may not leave a tensor out", () => {
    const { "model.norm.weight": _, ...incomplete } = map;
    return expectRefused(
      shardedFolder(shards, incomplete),
      "bad_safetensors",
      /does not list the tensor model.norm.weight/,
    );
  });

  it("must hold a weight_map", () => {
    const folder = shardedFolder(shards);
    writeFileSync(join(folder, "model.safetensors.index.json"), '{"metadata":{}}');
    return expectRefused(folder, "bad_safetensors", /undefined as weight_map/);
  });

  it("may not hide that a shard is truncated", () => {
    const folder = shardedFolder(shards);
    truncateSync(join(folder, "model-2.safetensors"), safetensorsOf(rest).length - 1);
    return expectRefused(folder, "bad_safetensors", /model-2.safetensors .*truncated/);
  });
});
