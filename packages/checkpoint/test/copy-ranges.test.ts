import { open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { copyRanges } from "../src/fill-files.ts";
import { temporaryFolder } from "./model-folder.ts";

const folder = temporaryFolder();
afterAll(() => rm(folder, { recursive: true }));

const BLOCK = 8 << 20;
const SOURCE = Buffer.allocUnsafe(6 * BLOCK + 99);
for (let i = 0; i + 4 <= SOURCE.length; i += 4) SOURCE.writeUInt32LE(Math.imul(i, 0x9e3779b1) >>> 0, i);

async function copy(ranges: readonly { from: number; to: number; length: number }[], options = {}) {
  const paths = { source: join(folder, "source"), target: join(folder, "target") };
  await writeFile(paths.source, SOURCE);
  const source = { handle: await open(paths.source, "r"), path: paths.source };
  const target = { handle: await open(paths.target, "w"), path: paths.target };
  try {
    await copyRanges({ source, target, ranges, ...options });
  } finally {
    await source.handle.close();
    await target.handle.close();
  }
  return readFile(paths.target);
}

describe("a range arrives whole, at its new place", () => {
  it.each([0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7])(
    "of %d bytes",
    async (length) => {
      const copied = await copy([{ from: 13, to: 1001, length }]);
      expect(copied.length).toBe(length === 0 ? 0 : 1001 + length);
      expect(copied.subarray(1001).equals(SOURCE.subarray(13, 13 + length))).toBe(true);
    },
  );

  it("among several, with every byte counted once", async () => {
    let bytes = 0;
    const ranges = [
      { from: 3 * BLOCK, to: 0, length: 3 * BLOCK + 1 },
      { from: 7, to: 3 * BLOCK + 1, length: 3 },
      { from: 0, to: 3 * BLOCK + 4, length: BLOCK + 100 },
    ];
    const copied = await copy(ranges, { onBytes: (count: number) => (bytes += count) });
    const expected = ranges.map(({ from, length }) => SOURCE.subarray(from, from + length));
    expect(copied.equals(Buffer.concat(expected))).toBe(true);
    expect(bytes).toBe(4 * BLOCK + 104);
  });
});

it("an abort between two blocks ends the copy", async () => {
  const controller = new AbortController();
  let blocks = 0;
  const onBytes = () => {
    blocks++;
    controller.abort();
  };
  const range = { from: 0, to: 0, length: 4 * BLOCK };
  await expect(copy([range], { job: { abortSignal: controller.signal }, onBytes })).rejects.toMatchObject({
    code: "aborted",
  });
  expect(blocks).toBe(1);
});

it("a source that ends too early is bad_safetensors", async () => {
  const range = { from: SOURCE.length - 5, to: 0, length: 6 };
  await expect(copy([range])).rejects.toMatchObject({ code: "bad_safetensors" });
});
