import { renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { describe, expect, it } from "vitest";
import { DiskBlob } from "../src/disk-blob.ts";
import { SeenFolder } from "../src/seen-folder.ts";

const scratch = scratchFolders();
const BLOCK = 1 << 18;

/** A file of bytes that tell where they are. */
function file(length: number): { path: string; bytes: Buffer; blob: DiskBlob } {
  const folder = scratch();
  const path = join(folder, "file");
  const bytes = Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
  writeFileSync(path, bytes);
  return { path, bytes, blob: new DiskBlob(new SeenFolder(folder), "file", 0, length) };
}

async function streamed(blob: Blob): Promise<Buffer> {
  const blocks: Uint8Array[] = [];
  for await (const block of blob.stream()) blocks.push(block);
  return Buffer.concat(blocks);
}

describe("a file as a blob", () => {
  it.each([0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])(
    "of %i bytes is read as a blob in memory is",
    async (length) => {
      const { bytes, blob } = file(length);
      expect(blob).toBeInstanceOf(Blob);
      expect(blob.size).toBe(length);
      expect((await streamed(blob)).equals(bytes)).toBe(true);
      expect(Buffer.from(await blob.arrayBuffer()).equals(bytes)).toBe(true);
      expect(await blob.text()).toBe(await new Blob([bytes]).text());
    },
  );

  it("is cut as a blob in memory is, and a part of a part again", async () => {
    const { bytes, blob } = file(1000);
    const memory = new Blob([bytes]);
    for (const [start, end] of [
      [0, 10],
      [990, 2000],
      [500, 500],
      [600, 400],
      [10, 900],
    ] as const) {
      const [part, expected] = [blob.slice(start, end), memory.slice(start, end)];
      expect(part.size).toBe(expected.size);
      expect(await streamed(part)).toEqual(Buffer.from(await expected.arrayBuffer()));
    }
    const inner = blob.slice(10, 900).slice(5, 20);
    expect(await streamed(inner)).toEqual(bytes.subarray(15, 30));
    expect(blob.slice().size).toBe(1000);
  });

  it.each([
    ["cut", (path: string) => truncateSync(path, 2 * BLOCK + 5), "bytes and has"],
    ["written to", (path: string) => writeFileSync(path, Buffer.alloc(3 * BLOCK)), "it was written to"],
    [
      "replaced",
      (path: string) => {
        renameSync(path, `${path}.old`);
        writeFileSync(path, Buffer.alloc(3 * BLOCK));
      },
      "another file has taken its place",
    ],
  ])("that is %s after it was first opened is an error in every reading", async (_, change, why) => {
    const { path, blob } = file(3 * BLOCK);
    await blob.slice(0, 1).text();
    change(path);
    const failure = { code: "file_changed", message: expect.stringContaining(why) };
    await expect(streamed(blob)).rejects.toMatchObject(failure);
    await expect(blob.arrayBuffer()).rejects.toMatchObject(failure);
  });

  it("that is written to while it is streamed is an error before the stream ends", async () => {
    const { path, blob } = file(10 * BLOCK);
    const reader = blob.stream().getReader();
    await reader.read();
    writeFileSync(path, Buffer.alloc(10 * BLOCK));
    const rest = async () => {
      while (!(await reader.read()).done);
    };
    await expect(rest()).rejects.toMatchObject({ code: "file_changed" });
  });

  it("is not read further than it is asked for", async () => {
    const { blob } = file(10 * BLOCK);
    const reader = blob.stream().getReader();
    expect((await reader.read()).value).toHaveLength(BLOCK);
    await reader.cancel();
    expect((await reader.read()).done).toBe(true);
  });
});
