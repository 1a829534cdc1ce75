import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashLayer, type Layer } from "@revocab/checkpoint/internal";
import { scratchFolders } from "@revocab/test-support/folders";
import { describe, expect, it } from "vitest";

const scratch = scratchFolders();
const START = 100;

/** The hash of a layer of so many bytes behind others in a file, one byte of it changed. */
function hashWith(bytes: number, changed: number | undefined, isWhole: boolean): Promise<string> {
  const path = join(scratch(), "model.safetensors");
  const content = Buffer.alloc(START + bytes + 50, "revocab");
  if (changed !== undefined) content[changed] = ((content[changed] ?? 0) + 1) % 256;
  writeFileSync(path, content);
  const layer: Layer = { name: "layer", dtype: "U8", shape: [bytes], path, start: START, end: START + bytes };
  return hashLayer(layer, { isWhole });
}

describe("the hash of a layer", () => {
  const LARGE = 200_000;
  /** The middle of the gap between the first two of 16 pieces. */
  const BETWEEN = START + 4096 + Math.floor((LARGE - 4096) / 15 / 2) - 2048;

  it.each([true, false])(
    "sees its first and its last byte, and no others of the file (whole: %s)",
    async (isWhole) => {
      for (const bytes of [1, 65_536, 65_537, LARGE]) {
        const hash = await hashWith(bytes, undefined, isWhole);
        expect(await hashWith(bytes, START, isWhole)).not.toBe(hash);
        expect(await hashWith(bytes, START + bytes - 1, isWhole)).not.toBe(hash);
        expect(await hashWith(bytes, START - 1, isWhole)).toBe(hash);
        expect(await hashWith(bytes, START + bytes, isWhole)).toBe(hash);
      }
    },
  );

  it("of a sample sees pieces at equal distances, and nothing between them", async () => {
    const hash = await hashWith(LARGE, undefined, false);
    expect(await hashWith(LARGE, BETWEEN, false)).toBe(hash);
    for (let piece = 0; piece < 16; piece++) {
      const from = START + Math.floor(((LARGE - 4096) * piece) / 15);
      expect(await hashWith(LARGE, from + 2000, false)).not.toBe(hash);
    }
  });

  it("of all bytes sees what is between them, and so does a sample of a small tensor", async () => {
    expect(await hashWith(LARGE, BETWEEN, true)).not.toBe(await hashWith(LARGE, undefined, true));
    expect(await hashWith(65_536, START + 6000, false)).not.toBe(await hashWith(65_536, undefined, false));
  });

  it("of a tensor without values is that of nothing", async () => {
    expect(await hashWith(0, undefined, false)).toMatch(/^e3b0c442/);
  });
});
