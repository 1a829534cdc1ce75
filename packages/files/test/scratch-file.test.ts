import { readdirSync } from "node:fs";
import { join } from "node:path";
import { openScratchFile } from "@revocab/files/internal";
import { scratchFolders } from "@revocab/test-support/folders";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";

const scratch = scratchFolders();
let folder = "";

beforeEach(() => {
  folder = scratch();
  vi.stubEnv("TMPDIR", folder);
  onTestFinished(() => void vi.unstubAllEnvs());
});

describe("a scratch file", () => {
  it("gives back what was written, wherever, and has no name", async () => {
    const file = await openScratchFile("rows", 1000);
    expect(readdirSync(folder)).toEqual([]);
    await file.write(Uint8Array.of(4, 5, 6), 997);
    await file.write(Uint8Array.of(1, 2, 3), 0);
    const some = new Uint8Array(2);
    await file.read(some, 998);
    expect([...some]).toEqual([5, 6]);
    await file.close();
  });

  it("fails by name where the disk has no room, and where the folder is gone", async () => {
    await expect(openScratchFile("rows", 1e18)).rejects.toMatchObject({
      code: "no_space",
      hint: expect.stringContaining("TMPDIR"),
    });
    vi.stubEnv("TMPDIR", join(folder, "gone"));
    await expect(openScratchFile("rows", 1)).rejects.toMatchObject({ code: "write_failed" });
  });

  it("never gives bytes that were not written", async () => {
    const file = await openScratchFile("rows", 10);
    await file.write(Uint8Array.of(1), 0);
    await expect(file.read(new Uint8Array(2), 0)).rejects.toThrow("byte 1 of the rows was never written");
    await file.close();
  });
});
