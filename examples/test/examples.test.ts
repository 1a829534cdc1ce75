import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = (...args: string[]) =>
  execFileSync(process.execPath, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

it("examples/initialize-rows.mjs prints three different rows of the sample model's width", () => {
  const lines = run("examples/initialize-rows.mjs").trim().split("\n");
  expect(lines).toHaveLength(3);
  const rows = lines.map((line) => /^"(.+)": \[(.+), … 128 values\]$/.exec(line));
  expect(rows.map((match) => match?.[1])).toEqual([" butterfly", " castle", "!"]);
  expect(new Set(rows.map((match) => match?.[2])).size).toBe(3);
});

it("examples/swap-tokenizer.mjs writes a swapped model with a head of its own", () => {
  const folder = mkdtempSync(join(tmpdir(), "revocab-example-"));
  try {
    const out = join(folder, "swapped");
    const printed = run("examples/swap-tokenizer.mjs", out);
    expect(printed).toContain("output {");
    expect(existsSync(join(out, "model.safetensors"))).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it("examples/extend-vocabulary.mjs gives one token a row, and writes a model with words, a control token and learned pieces", () => {
  const folder = mkdtempSync(join(tmpdir(), "revocab-example-"));
  try {
    const out = join(folder, "extended");
    const lines = run("examples/extend-vocabulary.mjs", out).split("\n");
    expect(lines[0]).toBe("Ġmarmalade is token 1280, with a row of 128 values");
    expect(lines[1]).toBe('" marmalade" was 5 tokens, and is 1');
    expect(lines[2]).toMatch(/^22 pieces, \d+ steps to them, 1 added token; written to /);
    expect(existsSync(join(out, "model.safetensors"))).toBe(true);
    const card = readFileSync(join(out, "README.md"), "utf8");
    expect(card).toContain("# model with an edited vocabulary");
    expect(card).toContain(
      "Added as ids 1280 to 1309: 22 pieces, 7 steps that merges build them from, 1 added token.",
    );
    expect(card).not.toContain("revocab swap");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
