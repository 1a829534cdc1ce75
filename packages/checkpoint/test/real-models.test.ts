import { rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openCheckpoint, rewriteCheckpoint } from "@revocab/checkpoint";
import { realData } from "@revocab/test-support/real-data";
import { describe, expect, it } from "vitest";
import { produceFrom, temporaryFolder } from "./model-folder.ts";

describe.skipIf(realData === undefined)("trained models", () => {
  it.each([
    ["stories260k", true, 512, ["input"]],
    ["shakespeare-char", false, 65, ["input", "output"]],
  ])("%s opens, and the same rows give the same file", async (name, tied, rows, slots) => {
    const checkpoint = await openCheckpoint(`${realData}/models/${name}`);
    expect(checkpoint).toMatchObject({ tied, rows });
    expect(checkpoint.tables.map(({ slot }) => slot)).toEqual(slots);
    const out = temporaryFolder();
    await rewriteCheckpoint({
      checkpoint,
      out,
      rows,
      produce: produceFrom(checkpoint, rows, (row) => row, 64),
    });
    const file = "model.safetensors";
    expect(
      (await readFile(join(out, file))).equals(await readFile(`${realData}/models/${name}/${file}`)),
    ).toBe(true);
    rmSync(out, { recursive: true });
    await checkpoint.close();
  });
});
