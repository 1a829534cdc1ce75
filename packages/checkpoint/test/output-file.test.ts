import { existsSync } from "node:fs";
import { mkdir, open, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createSized, writeAt } from "../src/output-file.ts";
import { temporaryFolder } from "./model-folder.ts";

const folder = temporaryFolder();
afterAll(() => rm(folder, { recursive: true }));

describe("a write that fails", () => {
  it.skipIf(!existsSync("/dev/full"))("for want of space is no_space and names the file", async () => {
    const handle = await open("/dev/full", "w");
    await expect(writeAt(handle, "/out/model.safetensors", new Uint8Array(100), 0)).rejects.toMatchObject({
      code: "no_space",
      message: "no space left while writing /out/model.safetensors",
      hint: expect.stringContaining("free space"),
    });
    await handle.close();
  });

  it("for another reason is write_failed and gives it", async () => {
    const path = join(folder, "read-only");
    await writeFile(path, "x");
    const handle = await open(path, "r");
    await expect(writeAt(handle, path, new Uint8Array(4), 0)).rejects.toMatchObject({
      code: "write_failed",
      message: expect.stringContaining("EBADF"),
    });
    await handle.close();
  });

  it("halfway through, after a disk took a part of the block, is no_space", async () => {
    let calls = 0;
    const write = async () => {
      if (calls++ === 1) throw Object.assign(new Error("full"), { code: "ENOSPC" });
      return { bytesWritten: 10, buffer: new Uint8Array(0) };
    };
    await expect(writeAt({ write } as never, "x", new Uint8Array(100), 0)).rejects.toMatchObject({
      code: "no_space",
    });
    expect(calls).toBe(2);
  });
});

it("a write that is taken in parts is continued where it stopped", async () => {
  const positions: number[] = [];
  const write = async (_: Uint8Array, offset: number, length: number, position: number) => {
    positions.push(offset, position);
    return { bytesWritten: Math.min(length, 40), buffer: new Uint8Array(0) };
  };
  await writeAt({ write } as never, "x", new Uint8Array(100), 1000);
  expect(positions).toEqual([0, 1000, 40, 1040, 80, 1080]);
});

describe("a new file", () => {
  it("has its size at once", async () => {
    await createSized(join(folder, "sized"), 12345);
    expect((await stat(join(folder, "sized"))).size).toBe(12345);
  });

  it("never replaces one that is there", async () => {
    const path = join(folder, "there");
    await writeFile(path, "keep me");
    await expect(createSized(path, 5)).rejects.toMatchObject({ code: "write_failed" });
    await mkdir(join(folder, "d"));
    await expect(createSized(join(folder, "d"), 5)).rejects.toMatchObject({ code: "write_failed" });
  });
});
