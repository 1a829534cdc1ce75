import { readdirSync } from "node:fs";
import type { InitMethod } from "@revocab/core";
import { random, subtokenMean } from "@revocab/embedding-init";
import { openModel } from "@revocab/plan";
import { produceTables } from "@revocab/plan/internal";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { planTokenizerSwap } from "@revocab/transfer";
import { describe, expect, it, onTestFinished, vi } from "vitest";

const scratch = scratchFolders();

/** All bytes of the tables that a swap of the sample would write, by where they were produced. */
async function tablesIn(place: "memory" | "file", method: InitMethod = subtokenMean()) {
  const planned = await planTokenizerSwap({ model: SAMPLE_MODEL, tokenizer: SAMPLE_TOKENIZER, method });
  const model = await openModel(SAMPLE_MODEL);
  onTestFinished(async () => {
    await planned.rowSource.close();
    await model.close();
  });
  const produced = await produceTables(planned, model, { place });
  onTestFinished(() => produced.close());
  const { input, output } = produced.tables;
  const read = async ({ rows, columns, readRows }: typeof input) => {
    const bytes = new Uint8Array(rows * columns * 4);
    // in two parts, the second first
    const half = rows >> 1;
    await readRows(half, rows - half, bytes.subarray(half * columns * 4));
    await readRows(0, half, bytes.subarray(0, half * columns * 4));
    return Buffer.from(bytes);
  };
  return {
    isInMemory: input.bytes !== undefined,
    isTied: input === output,
    bytes: await Promise.all([read(input), read(output)]),
  };
}

describe("tables of a swap that is not written", () => {
  it.each([["sums", subtokenMean()] as const, ["rows that are no sums", random()] as const])(
    "are the same in memory and in a scratch file: %s",
    async (_, method) => {
      const [inMemory, inFile] = [await tablesIn("memory", method), await tablesIn("file", method)];
      expect([inMemory.isInMemory, inFile.isInMemory]).toEqual([true, false]);
      expect(inFile.isTied).toBe(inMemory.isTied);
      expect(inFile.bytes).toEqual(inMemory.bytes);
    },
  );

  it("leave no file behind that has a name", async () => {
    const folder = scratch();
    vi.stubEnv("TMPDIR", folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    await tablesIn("file");
    expect(readdirSync(folder)).toEqual([]);
  });
});
