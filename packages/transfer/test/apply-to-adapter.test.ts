import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSafetensorsHeader } from "@revocab/checkpoint";
import { BYTES_PER_VALUE, type InitMethod, type StoredDtype } from "@revocab/core";
import { multivariateNormal, subtokenMean } from "@revocab/embedding-init";
import { decodeInto, mixtureRow } from "@revocab/matrix";
import { openPlan, type SwapPlan, savePlan } from "@revocab/plan";
import { scratchFolders } from "@revocab/test-support/folders";
import {
  type AdapterReport,
  applySavedPlan,
  applySavedPlanToAdapter,
  planTokenizerSwap,
  swapTokenizer,
} from "@revocab/transfer";
import { describe, expect, it } from "vitest";
import { CASES, TARGET, TARGET_SIZE } from "./architecture-cases.ts";
import { writeTokenizer } from "./write-tokenizer.ts";

/** Made by tools/oracle/adapters.py with peft 0.21. */
const ADAPTERS = fileURLToPath(new URL("./fixtures/adapters", import.meta.url));
const MODELS = fileURLToPath(new URL("../../checkpoint/test/fixtures/models", import.meta.url));
const scratch = scratchFolders();

/** A fixture model with its tokenizer, a plan for it, and one of its adapters. */
async function prepare(
  name: "llama-untied" | "llama-tied",
  adapterName: string,
  method: InitMethod = subtokenMean(),
) {
  const folder = scratch();
  const model = join(folder, "model");
  cpSync(join(MODELS, name), model, { recursive: true });
  writeTokenizer(model, { size: CASES[name]!.size, ...CASES[name]!.source });
  const roles = { bos: "<s>", eos: "</s>", pad: "<pad>", unk: "<unk>" };
  const merges = [
    ["t", "h"],
    ["th", "e"],
  ] as const;
  const tokenizer = writeTokenizer(join(folder, "tokenizer"), {
    size: TARGET_SIZE,
    specials: TARGET,
    roles,
    merges,
  });
  const plan = join(folder, "swap.plan");
  const role = name === "llama-tied" ? ({ role: "input" } as const) : {};
  const made = await planTokenizerSwap({ model, tokenizer, method, ...role });
  await savePlan(made, plan);
  await made.rowSource.close();
  const adapter = join(folder, "adapter");
  cpSync(join(ADAPTERS, name, adapterName), adapter, { recursive: true });
  return { model, plan, adapter, tokenizer, out: join(folder, "out") };
}

interface Table {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

async function tensorsOf(folder: string): Promise<Record<string, Table>> {
  const path = join(folder, "adapter_model.safetensors");
  const { tensors } = await readSafetensorsHeader(path);
  const bytes = readFileSync(path);
  return Object.fromEntries(
    tensors.map(({ name, dtype, shape, start, end }) => {
      const values = new Float32Array((end - start) / BYTES_PER_VALUE[dtype as StoredDtype]);
      decodeInto(dtype as StoredDtype, bytes.subarray(start, end), values);
      return [name, { shape, values }];
    }),
  );
}

const configOf = (folder: string) =>
  JSON.parse(readFileSync(join(folder, "adapter_config.json"), "utf8")) as Record<string, unknown>;

/** [V × k] · with W written out: what every row must be. */
function expected(
  plan: SwapPlan,
  slot: string,
  rows: (id: number, column: number) => number,
  columns: number,
) {
  const { mixture } = plan.tables.find((table) => table.slot === slot)!;
  return Array.from({ length: plan.target.rows * columns }, (_, i) => {
    const { sources, weights } = mixtureRow(mixture, Math.floor(i / columns));
    return [...sources].reduce((sum, source, j) => sum + weights[j]! * rows(source, i % columns), 0);
  });
}

const close = (found: ArrayLike<number>, wanted: readonly number[]) => {
  expect(found.length).toBe(wanted.length);
  for (const [i, value] of wanted.entries()) expect(found[i]).toBeCloseTo(value, 5);
};

const LAYER = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
const EMBEDDING = "base_model.model.model.embed_tokens";
const HEAD = "base_model.model.lm_head";
const shapeOf = (report: AdapterReport) =>
  Object.fromEntries(
    report.rewritten.map(({ name, to }) => [name.replace("base_model.model.", ""), to.join("x")]),
  );

describe("an adapter", () => {
  it("without a row per token is the same file, and its config names the new base", async () => {
    const job = await prepare("llama-untied", "plain");
    const report = await applySavedPlanToAdapter({ ...job, link: true, base: "me/swapped" });
    expect(report).toMatchObject({ rewritten: [], copied: 4, gone: [] });
    const file = (folder: string) => statSync(join(folder, "adapter_model.safetensors")).ino;
    expect(file(job.out)).toBe(file(job.adapter));
    expect(configOf(job.out)).toEqual({
      ...configOf(job.adapter),
      base_model_name_or_path: "me/swapped",
    });
  });

  it("with LoRA on embeddings and head: A goes through W by columns, B by rows, the other factors as they are", async () => {
    const job = await prepare("llama-untied", "both");
    const report = await applySavedPlanToAdapter(job);
    expect(shapeOf(report)).toEqual({
      "lm_head.base_layer.weight": "48x16",
      "lm_head.lora_B.weight": "48x4",
      "model.embed_tokens.base_layer.weight": "48x16",
      "model.embed_tokens.lora_embedding_A": "4x48",
    });
    const [old, made, { plan, rowSource }] = [
      await tensorsOf(job.adapter),
      await tensorsOf(job.out),
      await openPlan(job.plan),
    ];
    const a = old[`${EMBEDDING}.lora_embedding_A`]!.values;
    const turned = expected(plan, "input", (id, column) => (id < 43 ? a[column * 43 + id]! : 0), 4);
    close(
      made[`${EMBEDDING}.lora_embedding_A`]!.values,
      Array.from({ length: 4 * 48 }, (_, i) => turned[(i % 48) * 4 + Math.floor(i / 48)]!),
    );
    const b = old[`${HEAD}.lora_B.weight`]!.values;
    close(
      made[`${HEAD}.lora_B.weight`]!.values,
      expected(plan, "output", (id, column) => (id < 43 ? b[id * 4 + column]! : 0), 4),
    );
    for (const name of [`${EMBEDDING}.lora_embedding_B`, `${HEAD}.lora_A.weight`]) {
      expect(made[name]).toEqual(old[name]);
    }
    expect(configOf(job.out).base_model_name_or_path).toBeNull();
    expect(report.notes.join()).toContain("`base` names one");
    await rowSource.close();
  });

  it("with whole tables (modules_to_save) has them made by the plan, rows that are no token's included", async () => {
    const job = await prepare("llama-untied", "saved");
    await applySavedPlanToAdapter(job);
    const [old, made, { plan, rowSource }] = [
      await tensorsOf(job.adapter),
      await tensorsOf(job.out),
      await openPlan(job.plan),
    ];
    for (const [name, slot] of [
      [`${EMBEDDING}.weight`, "input"],
      [`${HEAD}.weight`, "output"],
    ] as const) {
      const { basis } = plan.tables.find((table) => table.slot === slot)!;
      const { values } = old[name]!;
      const row = (id: number, column: number) =>
        id < 43 ? values[id * 16 + column]! : basis.data[(id - 43) * 16 + column]!;
      close(made[name]!.values, expected(plan, slot, row, 16));
    }
    expect(made[LAYER]).toEqual(old[LAYER]);
    await rowSource.close();
  });

  it("with trained tokens has all rows that the plan makes with one of them, and their ids in its config", async () => {
    const job = await prepare("llama-untied", "tokens");
    await applySavedPlanToAdapter(job);
    const [old, made, { plan, rowSource }] = [
      await tensorsOf(job.adapter),
      await tensorsOf(job.out),
      await openPlan(job.plan),
    ];
    const trained = configOf(job.adapter).trainable_token_indices as number[];
    const ids = configOf(job.out).trainable_token_indices as number[];
    const { mixture } = plan.tables.find(({ slot }) => slot === "input")!;
    const touched = Array.from({ length: 48 }, (_, id) => id).filter((id) =>
      mixtureRow(mixture, id).sources.some((source) => trained.includes(source)),
    );
    expect(ids).toEqual(touched);
    const name = `${EMBEDDING}.token_adapter.trainable_tokens_delta`;
    const base = readTensor(join(job.model, "model.safetensors"), "model.embed_tokens.weight");
    const row = (id: number, column: number) => {
      const place = trained.indexOf(id);
      return place >= 0 ? old[name]!.values[place * 16 + column]! : base[id * 16 + column]!;
    };
    const all = expected(plan, "input", (id, column) => (id < 43 ? row(id, column) : 0), 16);
    expect(made[name]!.shape).toEqual([ids.length, 16]);
    close(
      made[name]!.values,
      ids.flatMap((id) => all.slice(id * 16, (id + 1) * 16)),
    );
    await rowSource.close();
  });

  it("with trained tokens of each module has a list for each", async () => {
    const job = await prepare("llama-untied", "tokens-by-module");
    await applySavedPlanToAdapter(job);
    const { embed_tokens: input, lm_head: output } = configOf(job.out).trainable_token_indices as Record<
      string,
      number[]
    >;
    const made = await tensorsOf(job.out);
    expect(made[`${EMBEDDING}.token_adapter.trainable_tokens_delta`]!.shape).toEqual([input!.length, 16]);
    expect(made[`${HEAD}.token_adapter.trainable_tokens_delta`]!.shape).toEqual([output!.length, 16]);
    expect(output!.every((id) => input!.includes(id))).toBe(true);
  });

  it("of a tied model has a head of its own rewritten by the rows that serve both", async () => {
    const job = await prepare("llama-tied", "both");
    const report = await applySavedPlanToAdapter(job);
    expect(new Set(report.rewritten.map(({ slot }) => slot))).toEqual(new Set(["input"]));
    const made = await tensorsOf(job.out);
    expect(made[`${HEAD}.lora_B.weight`]!.shape).toEqual([48, 4]);
  });

  it("gets the plan's own rows in a whole table, and no change by LoRA there, for rows that are no sum", async () => {
    const whole = await prepare("llama-untied", "saved", multivariateNormal());
    await applySavedPlanToAdapter(whole);
    const { plan, rowSource } = await openPlan(whole.plan);
    const { dense } = plan.tables.find(({ slot }) => slot === "input")!;
    const [id] = dense.ids as unknown as [number];
    const { data } = await rowSource.read("input", 0, 1);
    const made = (await tensorsOf(whole.out))[`${EMBEDDING}.weight`]!;
    close(made.values.subarray(id * 16, (id + 1) * 16), [...data]);
    await rowSource.close();
    const change = await prepare("llama-untied", "both", multivariateNormal());
    await applySavedPlanToAdapter(change);
    const a = (await tensorsOf(change.out))[`${EMBEDDING}.lora_embedding_A`]!;
    expect([0, 1, 2, 3].map((row) => a.values[row * 48 + id])).toEqual([0, 0, 0, 0]);
  });
});

describe("what lies beside an adapter", () => {
  it("is carried by kind, and tokenizer files are replaced by the target's", async () => {
    const job = await prepare("llama-untied", "plain");
    for (const name of ["tokenizer.json", "tokenizer_config.json"])
      cpSync(join(job.model, name), join(job.adapter, name));
    for (const name of ["LICENSE", "README.md", "optimizer.pt", "vocab.bpe"])
      writeFileSync(join(job.adapter, name), name);
    const { companions } = await applySavedPlanToAdapter(job);
    expect(readdirSync(job.out).sort()).toEqual([
      "LICENSE",
      "adapter_config.json",
      "adapter_model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    expect(readFileSync(join(job.out, "tokenizer.json"))).toEqual(
      readFileSync(join(job.tokenizer, "tokenizer.json")),
    );
    expect(companions.left.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["README.md", "optimizer.pt", "vocab.bpe"]),
    );
  });

  it("has no tokenizer files where there were none", async () => {
    const job = await prepare("llama-untied", "plain");
    await applySavedPlanToAdapter(job);
    expect(readdirSync(job.out).sort()).toEqual(["adapter_config.json", "adapter_model.safetensors"]);
  });
});

describe("an adapter is refused, and nothing written,", () => {
  const refused = async (
    job: { out: string } & Parameters<typeof applySavedPlanToAdapter>[0],
    code: string,
    message: RegExp,
  ) => {
    await expect(applySavedPlanToAdapter(job)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/\w/),
    });
    expect(readdirSync(join(job.out, "..")).filter((name) => name.includes("out"))).toEqual([]);
  };
  const edit = (folder: string, changes: Record<string, unknown>) =>
    writeFileSync(join(folder, "adapter_config.json"), JSON.stringify({ ...configOf(folder), ...changes }));

  it.each([
    ["dora-head", /lm_head.lora_magnitude_vector \[43\].*DoRA/],
    ["fourier-head", /lm_head.fourierft_spectrum \[10\].*no sum of rows/],
  ])("%s, for what it holds per token is no sum", async (name, message) => {
    await refused(await prepare("llama-untied", name), "unsupported_checkpoint", message);
  });

  it("that acts from ids on which spell a text", async () => {
    const job = await prepare("llama-untied", "plain");
    edit(job.adapter, { alora_invocation_tokens: [4, 5] });
    await refused(job, "unsupported_checkpoint", /alora_invocation_tokens/);
  });

  it("whose training added tokens", async () => {
    const job = await prepare("llama-untied", "plain");
    const more = { ...CASES["llama-untied"]!.source.specials, "<|new|>": 42 };
    writeTokenizer(job.adapter, { size: 43, specials: more, roles: { bos: "<s>" } });
    await refused(job, "apply_mismatch", /the first that differs is/);
  });

  it("of another base", async () => {
    const job = await prepare("llama-tied", "both");
    const other = join(ADAPTERS, "llama-untied/both");
    await refused({ ...job, adapter: other }, "shape_mismatch", /\[43, 16\], but .* has 45 rows/);
  });

  it("whose new base was not made by the plan", async () => {
    const job = await prepare("llama-untied", "plain");
    await refused({ ...job, base: job.model }, "apply_mismatch", /48 rows and .* were expected/);
  });

  it("with fewer rows than its config has ids", async () => {
    const job = await prepare("llama-untied", "tokens");
    edit(job.adapter, { trainable_token_indices: [1] });
    await refused(job, "bad_config", /holds 4 rows .* has \[1\] as their ids/);
  });

  it("in pickled form, or without weights, or without a config", async () => {
    const job = await prepare("llama-untied", "plain");
    const folder = scratch();
    await refused({ ...job, adapter: folder }, "missing_file", /holds no adapter_config.json/);
    cpSync(join(job.adapter, "adapter_config.json"), join(folder, "adapter_config.json"));
    await refused({ ...job, adapter: folder }, "missing_file", /no adapter_model.safetensors/);
    writeFileSync(join(folder, "adapter_model.bin"), "");
    await refused({ ...job, adapter: folder }, "unsupported_checkpoint", /pickled/);
  });
});

describe("an adapter in the folder of its base", () => {
  it("follows with the model, and names no other base", async () => {
    const job = await prepare("llama-untied", "both");
    cpSync(job.adapter, job.model, { recursive: true });
    const report = await swapTokenizer({ ...job, method: subtokenMean() });
    const alone = `${job.out}-alone`;
    await applySavedPlanToAdapter({ ...job, out: alone });
    expect(report.adapter).toMatchObject({ copied: 2 });
    expect(readFileSync(join(job.out, "adapter_model.safetensors"))).toEqual(
      readFileSync(join(alone, "adapter_model.safetensors")),
    );
    expect(configOf(job.out).base_model_name_or_path).toBeNull();
  });

  it("stops the swap before anything is written where it cannot follow, unless it is carried by name", async () => {
    const job = await prepare("llama-untied", "dora-head");
    cpSync(job.adapter, job.model, { recursive: true });
    const options = { model: job.model, plan: job.plan, out: job.out };
    await expect(applySavedPlan(options)).rejects.toThrow("lora_magnitude_vector");
    const carry = ["adapter_config.json", "adapter_model.safetensors"];
    await applySavedPlan({ ...options, carry });
    expect(configOf(job.out)).toEqual(configOf(job.adapter));
  });
});

function readTensor(path: string, name: string): Float32Array {
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<
    string,
    { data_offsets: number[] }
  >;
  const [start = 0, end = 0] = header[name]!.data_offsets;
  const values = new Float32Array((end - start) / 4);
  decodeInto("F32", bytes.subarray(8 + length + start, 8 + length + end), values);
  return values;
}
