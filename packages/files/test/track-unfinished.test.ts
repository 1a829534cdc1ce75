import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { replaceFile } from "@revocab/files";
import { removeUnfinished, trackUnfinished } from "@revocab/files/internal";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "unfinished-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("what is unfinished is removed with the folders made for it; what is finished, and others' files, stay", () => {
  for (const path of ["made/deep/staged", "kept/staged", "done"])
    mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, "made/deep/staged/file"), "");
  writeFileSync(join(folder, "kept/own"), "");
  trackUnfinished(join(folder, "made/deep/staged"), [join(folder, "made/deep"), join(folder, "made")]);
  trackUnfinished(join(folder, "kept/staged"), [join(folder, "kept")]);
  trackUnfinished(join(folder, "done"))();
  removeUnfinished();
  expect(["made", "kept/staged"].filter((path) => existsSync(join(folder, path)))).toEqual([]);
  expect(["kept/own", "done"].filter((path) => !existsSync(join(folder, path)))).toEqual([]);
});

test("a file that is being written beside its place is unfinished until it is there", async () => {
  const path = join(folder, "file");
  await replaceFile(path, async (write) => {
    await write(new TextEncoder().encode("text"));
    removeUnfinished();
  }).catch(() => {});
  expect(existsSync(path)).toBe(false);
  await replaceFile(path, (write) => write(new TextEncoder().encode("text")));
  removeUnfinished();
  expect(existsSync(path)).toBe(true);
});
