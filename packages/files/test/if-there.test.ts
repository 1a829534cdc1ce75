import { mkdirSync, symlinkSync } from "node:fs";
import { lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { ifThere } from "@revocab/files/internal";
import { scratchFolders } from "@revocab/test-support/folders";
import { expect, it } from "vitest";

const scratch = scratchFolders();

it("nothing is undefined, also below a file; what is there is looked at", async () => {
  const folder = scratch();
  mkdirSync(join(folder, "a"));
  expect(await ifThere(folder, readdir(folder))).toEqual(["a"]);
  expect(await ifThere(join(folder, "b"), stat(join(folder, "b")))).toBeUndefined();
  const below = join(process.execPath, "file");
  expect(await ifThere(below, lstat(below))).toBeUndefined();
});

it.skipIf(process.platform === "win32")("what cannot be looked at is an error that says why", async () => {
  const circle = join(scratch(), "circle");
  symlinkSync("circle", circle);
  await expect(ifThere(circle, stat(circle))).rejects.toMatchObject({
    code: "bad_file",
    message: `${circle} cannot be read (ELOOP)`,
  });
  expect((await ifThere(circle, lstat(circle)))?.isSymbolicLink()).toBe(true);
});
