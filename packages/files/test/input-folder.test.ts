import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputFolder } from "@revocab/files";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

let folder: string;
let input: InputFolder;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "input-folder-"));
  input = new InputFolder(folder);
  await writeFile(join(folder, "a"), "text");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const read = async (name: string) => (await input.read(name, { most: 100 })).toString();

test("files are read within bounds, and nothing is there where nothing is", async () => {
  expect(await read("a")).toBe("text");
  await expect(input.read("a", { most: 3 })).rejects.toMatchObject({ code: "bad_file" });
  expect(await input.readIfThere("none", { most: 100 })).toBeUndefined();
  expect(await input.readIfThere("a/none", { most: 100 })).toBeUndefined();
  await expect(input.read("none", { most: 100 })).rejects.toMatchObject({ code: "missing_file" });
});

test("what did not change passes, also when it was read again or linked to meanwhile", async () => {
  await read("a");
  await read("a");
  await symlink("a", join(folder, "b"));
  await expect(input.check()).resolves.toBeUndefined();
});

describe("a file that changed after it was opened is named", () => {
  const changes: readonly [string, string, () => Promise<unknown>][] = [
    ["its bytes are others, and so is its time", "it was written to", () => changeTime("text", 1000)],
    ["it has grown", "it had 4 bytes and has 6", () => writeFile(join(folder, "a"), "longer")],
    ["another one has its name", "another file has taken its place", replaceIt],
    ["it was removed", "it is gone", () => rm(join(folder, "a"))],
    ["there is a folder in its place", "another file has taken its place", folderInstead],
  ];
  test.each(changes)("%s", async (_, difference, change) => {
    await read("a");
    await change();
    await expect(input.check()).rejects.toMatchObject({
      code: "file_changed",
      message: `${join(folder, "a")} changed while it was read: ${difference}`,
    });
  });

  async function changeTime(text: string, seconds: number) {
    await writeFile(join(folder, "a"), text);
    await utimes(join(folder, "a"), seconds, seconds);
  }
  async function replaceIt() {
    await writeFile(join(folder, "other"), "text");
    await rename(join(folder, "other"), join(folder, "a"));
  }
  async function folderInstead() {
    await rename(join(folder, "a"), join(folder, "old"));
    await mkdir(join(folder, "a"));
  }
});

test("it is the first reading that counts: a second one after a change does not hide it", async () => {
  await read("a");
  await writeFile(join(folder, "a"), "longer");
  expect(await read("a")).toBe("longer");
  await expect(input.check()).rejects.toMatchObject({ code: "file_changed" });
});

test.skipIf(process.platform === "win32")(
  "links out of the folder and links to nothing are refused",
  async () => {
    await symlink("/etc/hosts", join(folder, "out"));
    await symlink("gone", join(folder, "dangling"));
    await expect(input.readIfThere("out", { most: 1e6 })).rejects.toMatchObject({ code: "bad_file" });
    await expect(input.readIfThere("dangling", { most: 1e6 })).rejects.toMatchObject({ code: "bad_file" });
  },
);
