import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mean, random, subtokenMean } from "@revocab/embedding-init";
import { savePlan } from "@revocab/plan";
import { scratchFolders } from "@revocab/test-support/folders";
import { applySavedPlan, planTokenizerSwap, swapTokenizer } from "@revocab/transfer";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";
import { CASES, TARGET, TARGET_SIZE } from "./architecture-cases.ts";
import { checkSwap } from "./check-swap.ts";
import { writeTokenizer } from "./write-tokenizer.ts";

const FIXTURES = fileURLToPath(new URL("../../checkpoint/test/fixtures/models", import.meta.url));
const scratch = scratchFolders();
const names = Object.keys(CASES);
const merges = [
  ["t", "h"],
  ["th", "e"],
  [" ", "the"],
  ["e", "r"],
  ["o", "n"],
] as const;

/** A fixture with its own tokenizer, and a target of {@link TARGET_SIZE} ids. */
function prepare(name: string, more: Readonly<Record<string, number>> = CASES[name]!.target ?? {}) {
  const { size, source } = CASES[name]!;
  const folder = scratch();
  const model = join(folder, "model");
  cpSync(join(FIXTURES, name), model, { recursive: true });
  writeTokenizer(model, { size, ...source });
  const roles = { bos: "<s>", eos: "</s>", pad: "<pad>", unk: "<unk>" };
  const tokenizer = join(folder, "tokenizer");
  writeTokenizer(tokenizer, { size: TARGET_SIZE, specials: { ...TARGET, ...more }, roles, merges });
  return { model, tokenizer, method: subtokenMean(), out: join(folder, "out") };
}

describe("every architecture", () => {
  it("has a case here", () => {
    expect(names.toSorted()).toEqual(readdirSync(FIXTURES).toSorted());
  });

  it.each(names)(
    "%s: every row, the other tensors and the configs follow the new tokenizer",
    async (name) => {
      const options = prepare(name);
      const report = await swapTokenizer(options);
      const rows = await checkSwap({ ...options, tokenizer: await loadTokenizer(options.tokenizer) });
      expect(Object.keys(rows)).toEqual(report.tables.map(({ slot }) => slot));
      for (const { copied, spelled, withoutEvidence, unused } of Object.values(rows)) {
        expect(copied).toBeGreaterThan(10);
        expect({ spelled, unused }).toEqual({ spelled: merges.length, unused: 0 });
        expect(copied + spelled + withoutEvidence).toBe(TARGET_SIZE);
      }
      const { config } = CASES[name]!;
      expect(changesOf(options, "config.json")).toEqual(config);
      for (const [key, id] of Object.entries(changesOf(options, "generation_config.json"))) {
        expect(id).toBe(config[key] ?? config[`text_config.${key}`]);
      }
    },
  );
});

describe("a tied model", () => {
  it.each([
    ["bart", ["input", "output", "output.bias"]],
    ["bert", ["input", "output", "output.bias"]],
    ["gemma", ["input", "output"]],
    ["gemma3", ["input", "output"]],
    ["gemma3n-text", ["input", "input.per_layer", "output"]],
    ["gpt2", ["input", "output"]],
    ["llama-tied", ["input", "output"]],
    ["qwen2-padded", ["input", "output"]],
    ["qwen2-vl", ["input", "output"]],
    ["roberta", ["input", "output", "output.bias"]],
    ["t5gemma", ["input", "input.encoder", "output"]],
    ["xlm-roberta", ["input", "output", "output.bias"]],
  ])("%s gets a head of its own, and padding rows that are the mean", async (name, slots) => {
    const options = prepare(name);
    await swapTokenizer({ ...options, untie: true, padToMultipleOf: 32 });
    const rows = await checkSwap({ ...options, tokenizer: await loadTokenizer(options.tokenizer) });
    expect(Object.keys(rows).toSorted()).toEqual(slots);
    for (const { unused } of Object.values(rows)) expect(unused).toBe(64 - TARGET_SIZE);
    const changes = Object.entries(changesOf(options, "config.json"));
    expect(
      changes.filter(([path]) => path.endsWith("tie_word_embeddings")).map(([, tied]) => tied),
    ).toContain(false);
    expect(changes.filter(([path]) => /vocab_size(_|$)/.test(path)).every(([, size]) => size === 64)).toBe(
      true,
    );
  });

  it("that scales its head only while it is tied (T5) is not untied", async () => {
    const options = prepare("t5");
    await expect(swapTokenizer({ ...options, untie: true })).rejects.toMatchObject({
      message: expect.stringMatching(/cannot be untied.*d_model\^-0\.5/),
    });
    expect(existsSync(options.out)).toBe(false);
  });
});

describe("several input tables", () => {
  it("get rows of their own sources, and a plan file of them writes the same bytes", async () => {
    const options = { ...prepare("t5gemma"), method: random(), fallback: mean() };
    const plan = `${options.out}.plan`;
    await swapTokenizer(options);
    const made = await planTokenizerSwap(options);
    await savePlan(made, plan);
    await made.rowSource.close();
    const applied = `${options.out}-applied`;
    const { tables } = await applySavedPlan({ plan, model: options.model, out: applied });
    expect(tables.map(({ slot, role }) => [slot, role])).toEqual([
      ["input", "input"],
      ["input.encoder", "input"],
    ]);
    const [swapped, written] = [options.out, applied].map((folder) =>
      readFileSync(join(folder, "model.safetensors")),
    );
    expect(written!.equals(swapped!)).toBe(true);
  });
});

describe("ids that the new tokenizer cannot give", () => {
  it.each(["roberta", "xlm-roberta"])("%s refuses a pad token with another id", async (name) => {
    const options = prepare(name, {});
    await expect(swapTokenizer(options)).rejects.toMatchObject({
      code: "token_id_unmapped",
      message: expect.stringMatching(/pad id is 1, the new vocabulary's is 7/),
    });
    expect(existsSync(options.out)).toBe(false);
  });

  it("are asked for by key, each of them, and taken from tokenIds", async () => {
    const options = prepare("qwen2-vl", {});
    const keys = ["vision_start_token_id", "vision_end_token_id", "video_token_id", "image_token_id"];
    const error = await swapTokenizer(options).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: "token_id_unmapped", hint: expect.stringContaining("`tokenIds") });
    for (const key of keys) expect((error as Error).message).toContain(key);
    expect(existsSync(options.out)).toBe(false);

    const tokenIds = Object.fromEntries(keys.map((key, i) => [key, 40 + i]));
    await swapTokenizer({ ...options, tokenIds });
    expect(changesOf(options, "config.json")).toMatchObject(tokenIds);
  });
});

describe("AutoTokenizer", () => {
  it("is kept from forcing its own class on a Qwen2 model, and told nothing on others", async () => {
    for (const [name, map] of [
      ["qwen2-padded", { AutoTokenizer: [null, "tokenization_plain.PlainTokenizer"] }],
      ["llama-tied", undefined],
    ] as const) {
      const options = prepare(name);
      const report = await swapTokenizer(options);
      const config = readJson(join(options.out, "tokenizer_config.json"));
      expect(config).toMatchObject({ tokenizer_class: "PreTrainedTokenizerFast", bos_token: "<s>" });
      expect(config?.auto_map).toEqual(map);
      expect(report.notes.some((note) => note.includes("force its own class"))).toBe(map !== undefined);
    }
  });
});

/** Values that differ between the two folders, by the path of their keys; none for a file that the model has not. */
function changesOf(
  { model, out }: { model: string; out: string },
  file: string,
): Readonly<Record<string, unknown>> {
  const [before, after] = [model, out].map((folder) => new Map(leavesOf(readJson(join(folder, file)))));
  const paths = [...new Set([...before!.keys(), ...after!.keys()])];
  return Object.fromEntries(
    paths.filter((path) => before!.get(path) !== after!.get(path)).map((path) => [path, after!.get(path)]),
  );
}

function readJson(path: string): Record<string, unknown> | undefined {
  if (!existsSync(path)) return undefined;
  return JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
}

function leavesOf(value: unknown, path = ""): [string, unknown][] {
  if (value === undefined) return [];
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, item]) => leavesOf(item, path === "" ? key : `${path}.${key}`));
}
