import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { writeTensors } from "./safetensors.ts";

const scratch = scratchFolders();

/** A LoRA of the sample model that trains its embeddings, and a plan. */
async function prepare(base: string | null = SAMPLE_MODEL) {
  const folder = scratch();
  const [plan, adapter, out] = [join(folder, "swap.plan"), join(folder, "lora"), join(folder, "out")];
  mkdirSync(adapter);
  const name = "base_model.model.model.embed_tokens.lora_embedding";
  writeTensors(join(adapter, "adapter_model.safetensors"), [
    { name: `${name}_A`, dtype: "F32", shape: [2, 1280], bytes: Buffer.alloc(2 * 1280 * 4) },
    { name: `${name}_B`, dtype: "F32", shape: [128, 2], bytes: Buffer.alloc(128 * 2 * 4) },
  ]);
  const config = { peft_type: "LORA", r: 2, target_modules: ["embed_tokens"], base_model_name_or_path: base };
  writeFileSync(join(adapter, "adapter_config.json"), JSON.stringify(config, null, 2));
  const made = await inProcess([
    "plan",
    SAMPLE_MODEL,
    "--tokenizer",
    SAMPLE_TOKENIZER,
    "--out",
    plan,
    "--quiet",
  ]);
  expect(made.code).toBe(0);
  return { folder, plan, adapter, out };
}

describe("revocab apply --adapter", () => {
  it("rewrites an adapter of the base that its config names, and says what it did", async () => {
    const { folder, plan, adapter, out } = await prepare();
    const args = ["apply", plan, "--adapter", adapter, "--base", "me/swapped", "--out", out, "--quiet"];
    const { code, stdout } = await inProcess(args);
    expect(code).toBe(0);
    expect(stdout).toContain("adapter of model (1,280 rows) → tokenizer (3,000 rows)\n");
    expect(stdout).toMatch(/input +\[2 × 1280\] → \[2 × 3000\] +base_model\.\S+lora_embedding_A\n/);
    expect(stdout).toMatch(/copied +1 tensor without a row per token, byte for byte\n/);
    expect(stdout.endsWith(`\nWritten to ${out}\n`)).toBe(true);
    expect(readdirSync(out).sort()).toEqual(["adapter_config.json", "adapter_model.safetensors"]);
    expect(readFileSync(join(out, "adapter_config.json"), "utf8")).toContain('"me/swapped"');
    expect(readdirSync(folder).sort()).toEqual(["lora", "out", "swap.plan"]);
    expect((await inProcess([...args, "--force"])).code).toBe(0);
  });

  it.each([
    ["no base anywhere", [], /names no base in adapter_config.json\n {2}→ give the model .* --model/],
    [
      "a score",
      ["--model", SAMPLE_MODEL, "--eval", "text"],
      /--eval scores a model, but --adapter writes an adapter/,
    ],
  ])("refuses %s", async (_, more, message) => {
    const { plan, adapter, out } = await prepare(null);
    const { code, stderr } = await inProcess([
      "apply",
      plan,
      "--adapter",
      adapter,
      "--out",
      out,
      "--quiet",
      ...more,
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it.each([
    ["neither model nor adapter", [], /'--model <model>' not specified, nor --adapter/],
    [
      "a base without an adapter",
      ["--model", SAMPLE_MODEL, "--base", "x"],
      /--base was given without --adapter/,
    ],
  ])("refuses %s", async (_, more, message) => {
    const { code, stderr } = await inProcess(["apply", "x.plan", "--out", "y", "--quiet", ...more]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

it("a folder that is an adapter alone is refused with the command that merges it", async () => {
  const { adapter, out } = await prepare();
  const { code, stderr } = await inProcess([
    "swap",
    adapter,
    "--tokenizer",
    SAMPLE_TOKENIZER,
    "--out",
    out,
    "--quiet",
  ]);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(
    /is an adapter \(adapter_config.json\) of .*\n {2}→ merge it first: python .*merge_and_unload/,
  );
});

it("files of unknown kinds are listed as left, and carried with --carry", async () => {
  const { folder, plan, out } = await prepare();
  const model = join(folder, "model");
  cpSync(SAMPLE_MODEL, model, { recursive: true });
  for (const name of ["labels.json", "qwen.tiktoken"]) writeFileSync(join(model, name), "{}");
  const apply = (to: string, ...more: string[]) =>
    inProcess(["apply", plan, "--model", model, "--out", to, "--quiet", ...more]);
  const left = await apply(out);
  expect(left.stdout).toMatch(
    /Not carried over\n {2}labels.json +not of a kind .*--carry labels.json carries it\n/,
  );
  expect(left.stdout).not.toContain("qwen.tiktoken");
  expect((await apply(`${out}-2`, "--carry", "labels.json")).stdout).not.toContain("Not carried over");
  expect(readdirSync(`${out}-2`)).toContain("labels.json");
});
