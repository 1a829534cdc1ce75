import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { beforeEach, describe, expect, it } from "vitest";
import { expectOneFailure, revocab } from "./revocab.ts";
import { shardModel } from "./safetensors.ts";
import { type Workplace, workplace } from "./workplace.ts";

const scratch = scratchFolders();
let at: Workplace;
let model: string;

beforeEach(() => {
  at = workplace(scratch());
  model = join(at.inputs, "shards");
  shardModel(at.model, model, 30);
  writeFileSync(join(model, "LICENSE"), "text");
});

const swap = (...more: string[]) => ["swap", model, "--tokenizer", at.tokenizer, "--out", at.out, ...more];

describe("a model that is changed while it is swapped", () => {
  it.each([
    ["a weight file", "m-29.safetensors", "write …"],
    ["a weight file when all is written", "m-0.safetensors", "check …"],
    ["the index", "model.safetensors.index.json", "write …"],
    ["a config", "config.json", "align …"],
    ["the tokenizer", "tokenizer.json", "align …"],
    ["a companion", "LICENSE", "check …"],
  ])("gives no output, and the file is named: %s", async (_, name, when) => {
    const path = join(model, name);
    // the same bytes: who could tell when they were read?
    const ended = await revocab(swap(), {
      env: { CHANGE_AT: when, CHANGE_FILE: path },
      preload: "change-at.mjs",
    });
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain(`revocab: ${path} changed while it was read: it was written to\n  → `);
    expect(readdirSync(at.place)).toEqual([]);
  });
});

describe.skipIf(process.platform === "win32")("a model with a link out of its folder", () => {
  const link = (name: string) => {
    mkdirSync(join(at.inputs, "private"), { recursive: true });
    const secret = join(at.inputs, "private", name.replaceAll("/", "-"));
    writeFileSync(secret, '{"secret": 1}');
    symlinkSync(secret, join(model, name));
    return secret;
  };

  it.each([
    "LICENSE.md",
    "preprocessor_config.json",
    "added_tokens.json",
    "README.md",
    "generation_config.json",
  ])("is refused by the name of the link, and where it leads: %s", async (name) => {
    rmSync(join(model, name), { force: true });
    const secret = link(name);
    const ended = await revocab([...swap(), "--quiet"]);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expectOneFailure(ended, /put a copy of the file in the folder if it is meant/);
    expect(ended.stderr).toContain(`${join(model, name)} leads to ${secret}, which is outside the folder`);
    expect(readdirSync(at.place)).toEqual([]);
  });

  it("is swapped where only weights lie elsewhere, which a note says", async () => {
    const other = join(at.inputs, "disk.safetensors");
    copyFileSync(join(model, "m-7.safetensors"), other);
    rmSync(join(model, "m-7.safetensors"));
    symlinkSync(other, join(model, "m-7.safetensors"));
    const ended = await revocab(swap());
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain(`m-7.safetensors leads to ${other}, which is outside the folder`);
    expect(readFileSync(join(at.out, "m-7.safetensors"))).toEqual(readFileSync(other));
  });
});
