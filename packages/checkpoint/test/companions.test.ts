import { createHash } from "node:crypto";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { copyCompanions, hashFile, listCompanions } from "@revocab/checkpoint";
import { afterAll, expect, it } from "vitest";
import { temporaryFolder } from "./model-folder.ts";

const folder = temporaryFolder();
const out = temporaryFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(out, { recursive: true });
});

const KEPT = [
  "1_Pooling/config.json",
  "LICENSE",
  "linked.json",
  "modeling_custom.py",
  "preprocessor_config.json",
];
const LEFT = [
  ".git/config",
  ".gitattributes",
  "README.md",
  "config.json",
  "generation_config.json",
  "model.safetensors",
  "model.safetensors.index.json",
  "onnx/decoder.json",
  "original/params.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
  "tf_model.h5",
  "flax_model.msgpack",
  "model.Q4.gguf",
  "optimizer.pt",
  "tokenizer.json",
  "vocab.json",
];

for (const name of [...KEPT, ...LEFT]) {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  if (name === "linked.json") symlinkSync(join(folder, "LICENSE"), join(folder, name));
  else writeFileSync(join(folder, name), name);
}

it("what stays true is carried; weights in other formats, tokenizer files and configs are not", async () => {
  const { carried, left } = await listCompanions(folder, ["tokenizer.json", "vocab.json"]);
  expect(carried).toEqual(KEPT);
  expect(left.map(({ name }) => name).sort()).toEqual(
    [".git", "onnx", "original", ...LEFT.filter((name) => !name.includes("/"))].sort(),
  );
});

it("the old model card is left for the one that is written anew, a card of a part is carried", async () => {
  const nested = join(folder, "1_Pooling/README.md");
  writeFileSync(nested, "of the pooling");
  const { carried, left } = await listCompanions(folder, []);
  rmSync(nested);
  expect(left).toContainEqual({ name: "README.md", reason: "written anew" });
  expect(carried).toContain("1_Pooling/README.md");
});

it("copies arrive with the contents of what a link points to", async () => {
  await copyCompanions(folder, out, ["tokenizer.json", "vocab.json"]);
  expect(await readFile(join(out, "linked.json"), "utf8")).toBe("LICENSE");
  expect(await readFile(join(out, "1_Pooling/config.json"), "utf8")).toBe("1_Pooling/config.json");
});

it("a file's hash is its SHA-256, over any number of blocks", async () => {
  for (const size of [0, 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, 9_000_000]) {
    const bytes = Buffer.alloc(size, "revocab");
    writeFileSync(join(folder, "hashed"), bytes);
    expect(await hashFile(join(folder, "hashed"))).toBe(createHash("sha256").update(bytes).digest("hex"));
  }
});
