import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildHeader, openCheckpoint } from "@revocab/checkpoint";
import { subtokenMean } from "@revocab/embedding-init";
import { inspectPath } from "@revocab/plan";
import { scratchFolders } from "@revocab/test-support/folders";
import { swapTokenizer } from "@revocab/transfer";
import { describe, expect, it } from "vitest";
import { readTable } from "./stored-rows.ts";
import { writeTokenizer } from "./write-tokenizer.ts";

const scratch = scratchFolders();
const SIZE = 30;

/** A table [30 × 4] whose row t is 4 t, 4 t + 1, …, with a tokenizer of single characters. */
function staticModel(): string {
  const model = join(scratch(), "model");
  mkdirSync(model);
  const length = SIZE * 4 * 4;
  const header = buildHeader(
    [{ name: "embedding.weight", dtype: "F32", shape: [SIZE, 4], length }],
    undefined,
  );
  const values = Float32Array.from({ length: SIZE * 4 }, (_, i) => i);
  writeFileSync(join(model, "model.safetensors"), Buffer.concat([header, new Uint8Array(values.buffer)]));
  writeFileSync(join(model, "modules.json"), "[]\n");
  return writeTokenizer(model, { size: SIZE, specials: { "<unk>": 0 }, roles: { unk: "<unk>" } });
}

describe("a table of static embeddings", () => {
  it("gets another tokenizer: copied rows and means of pieces, and no config that it did not have", async () => {
    const model = staticModel();
    const merges = [["t", "h"]] as const;
    const specials = { "<unk>": 0 };
    const tokenizer = writeTokenizer(join(scratch(), "tokenizer"), {
      size: 20,
      specials,
      roles: { unk: "<unk>" },
      merges,
    });
    const out = join(scratch(), "out");
    const report = await swapTokenizer({ model, tokenizer, method: subtokenMean(), out });
    expect(report.tables.map(({ slot }) => slot)).toEqual(["input"]);
    expect(existsSync(join(out, "config.json"))).toBe(false);
    expect(existsSync(join(out, "modules.json"))).toBe(true);
    const checkpoint = await openCheckpoint(out);
    const { values } = await readTable(checkpoint, "input");
    await checkpoint.close();
    // in the source, ids from 1 on are " eatonsihr…": "t" is 4 and "h" is 9; in the target "th" is 1 and " " is 2
    expect(Array.from(values.subarray(4, 8))).toEqual([26, 27, 28, 29]);
    expect(Array.from(values.subarray(8, 12))).toEqual([4, 5, 6, 7]);
  });

  it("is inspected with its tokenizer", async () => {
    const { model, tokenizer } = await inspectPath(staticModel());
    expect(model).toMatchObject({ modelType: "model2vec", rows: SIZE, head: "none" });
    expect(tokenizer).toMatchObject({ size: SIZE });
  });
});
