import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { localFiles, openCheckpoint, rewriteCheckpoint, verifyCheckpoint } from "@revocab/checkpoint";
import { streamRewrite } from "@revocab/checkpoint/internal";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FIXTURES, produceFrom, temporaryFolder } from "./model-folder.ts";

let place: string;
beforeEach(() => {
  place = temporaryFolder();
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const folderOf = (name: string) => {
  mkdirSync(join(place, name), { recursive: true });
  return join(place, name);
};

it.each(readdirSync(FIXTURES))(
  "%s: a view reads, from any byte to any other, what a rewrite writes",
  async (name) => {
    const checkpoint = await openCheckpoint(join(FIXTURES, name));
    try {
      const rows = checkpoint.rows + 3;
      const produce = produceFrom(checkpoint, rows, (row) => row % checkpoint.rows);
      const [written, streamed, tablesIn] = [
        folderOf("written"),
        folderOf("streamed"),
        join(place, "tables"),
      ];
      const expected = await rewriteCheckpoint({ checkpoint, out: written, rows, produce });
      const { weights, finish } = streamRewrite({
        checkpoint,
        source: localFiles,
        out: streamed,
        tablesIn,
        rows,
      });
      const found = await finish(produce);
      expect(found.files.map(({ name, bytes }) => [name, bytes])).toEqual(
        expected.files.map(({ name, bytes }) => [name, bytes]),
      );
      expect(readdirSync(streamed).filter((file) => file.endsWith(".safetensors"))).toEqual([]);
      for (const { name: file, bytes } of found.files) {
        const whole = await readFile(join(written, file));
        const view = await weights.open(join(streamed, file));
        const cuts = [0, 1, 7, 8, 9, bytes >> 2, bytes >> 1, bytes - 1, bytes];
        for (const start of cuts) {
          for (const end of cuts.filter((cut) => cut >= start && cut <= bytes)) {
            const into = new Uint8Array(end - start);
            await view.read(into, start);
            expect(Buffer.compare(into, whole.subarray(start, end)), `${file} ${start}–${end}`).toBe(0);
          }
        }
        await expect(view.read(new Uint8Array(2), bytes - 1)).rejects.toMatchObject({
          code: "bad_safetensors",
        });
        await view.close();
      }
    } finally {
      await checkpoint.close();
    }
  },
);

it("is verified through its view, and found wrong where a table has other rows", async () => {
  const directory = join(FIXTURES, readdirSync(FIXTURES).find((name) => name.startsWith("llama"))!);
  const checkpoint = await openCheckpoint(directory);
  try {
    const { rows } = checkpoint;
    const streamed = folderOf("streamed");
    cpSync(join(directory, "config.json"), join(streamed, "config.json"));
    const options = { checkpoint, source: localFiles, out: streamed, tablesIn: join(place, "tables"), rows };
    const { weights, finish } = streamRewrite(options);
    await finish(produceFrom(checkpoint, rows, (row) => row));
    const expectations = { source: checkpoint, weights };
    expect((await verifyCheckpoint(streamed, { ...expectations, rows })).tables.length).toBeGreaterThan(0);
    await expect(verifyCheckpoint(streamed, { ...expectations, rows: rows + 1 })).rejects.toMatchObject({
      code: "gate_failed",
    });
  } finally {
    await checkpoint.close();
  }
});
