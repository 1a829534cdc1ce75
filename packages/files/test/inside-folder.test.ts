import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { insideFolder } from "../src/inside-folder.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** Links need a right on Windows that few accounts have. */
describe.skipIf(process.platform === "win32")("a file of a folder", () => {
  let root: string;
  let folder: string;

  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), "inside-folder-")));
    folder = join(root, "model");
    await mkdir(join(folder, "sub"), { recursive: true });
    await writeFile(join(folder, "own.txt"), "own");
    await writeFile(join(root, "secret"), "secret");
    await mkdir(join(root, "elsewhere"));
    await writeFile(join(root, "elsewhere", "file"), "file");
  });

  afterEach(() => rm(root, { recursive: true }));

  it("is its own real path, also through links inside the folder and one to the folder", async () => {
    await symlink("../own.txt", join(folder, "sub", "near"));
    await symlink(folder, join(root, "alias"));
    const own = join(folder, "own.txt");
    expect(await insideFolder(folder, "own.txt")).toBe(own);
    expect(await insideFolder(folder, own)).toBe(own);
    expect(await insideFolder(folder, "sub/near")).toBe(own);
    expect(await insideFolder(join(root, "alias"), "own.txt")).toBe(own);
    expect(await insideFolder(folder, ".")).toBe(folder);
  });

  it("may have a name that begins with two dots", async () => {
    await writeFile(join(folder, "..a"), "");
    expect(await insideFolder(folder, "..a")).toBe(join(folder, "..a"));
  });

  it("is refused with where it leads when a link leaves the folder", async () => {
    await symlink("../secret", join(folder, "NOTES.txt"));
    await symlink("NOTES.txt", join(folder, "twice.txt"));
    await symlink(join(root, "elsewhere"), join(folder, "linked"));
    for (const [name, leads] of [
      ["NOTES.txt", "secret"],
      ["twice.txt", "secret"],
      ["linked", "elsewhere"],
      ["linked/file", "elsewhere/file"],
    ] as const) {
      await expect(insideFolder(folder, name)).rejects.toMatchObject({
        code: "bad_file",
        message: `${join(folder, name)} leads to ${join(root, leads)}, which is outside the folder ${folder}`,
        hint: expect.stringContaining("put a copy"),
      });
    }
  });

  it("is not one of a folder whose name only begins alike", async () => {
    await mkdir(join(root, "model-2"));
    await writeFile(join(root, "model-2", "file"), "");
    await symlink("../model-2/file", join(folder, "file"));
    await expect(insideFolder(folder, "file")).rejects.toMatchObject({ code: "bad_file" });
  });

  it("is said to be missing where there is none, a link to nothing with what it names", async () => {
    await symlink("../gone", join(folder, "dangling"));
    await symlink("circle", join(folder, "circle"));
    for (const [name, code, found] of [
      ["none", "missing_file", "there is no such file"],
      ["dangling", "bad_file", "found a link to nothing (../gone)"],
      ["circle", "bad_file", "found links that lead in a circle"],
    ] as const) {
      await expect(insideFolder(folder, name)).rejects.toMatchObject({
        code,
        message: `${join(folder, name)}: ${found}`,
      });
    }
  });

  describe("of a snapshot in the Hugging Face cache", () => {
    let repository: string;
    let snapshot: string;

    beforeEach(async () => {
      repository = join(root, "models--org--name");
      snapshot = join(repository, "snapshots", COMMIT);
      await mkdir(join(snapshot, "sub"), { recursive: true });
      await mkdir(join(repository, "blobs", "deep"), { recursive: true });
      await writeFile(join(repository, "blobs", "hash"), "blob");
      await writeFile(join(repository, "blobs", "deep", "file"), "");
    });

    it("may be a blob of the same repository, also for a folder of the snapshot", async () => {
      const blob = join(repository, "blobs", "hash");
      await symlink("../../blobs/hash", join(snapshot, "config.json"));
      await symlink("../../../blobs/hash", join(snapshot, "sub", "config.json"));
      expect(await insideFolder(snapshot, "config.json")).toBe(blob);
      expect(await insideFolder(snapshot, "sub/config.json")).toBe(blob);
      expect(await insideFolder(join(snapshot, "sub"), "config.json")).toBe(blob);
    });

    it("may be nothing else of it, and no blob of another", async () => {
      await mkdir(join(root, "models--org--other", "blobs"), { recursive: true });
      await writeFile(join(root, "models--org--other", "blobs", "hash"), "");
      await writeFile(join(repository, "file"), "");
      await symlink(join(root, "models--org--other", "blobs", "hash"), join(snapshot, "other"));
      await symlink("../../blobs/deep/file", join(snapshot, "deep"));
      await symlink("../../blobs", join(snapshot, "all"));
      await symlink("../../file", join(snapshot, "file"));
      await symlink("../../../secret", join(snapshot, "secret"));
      for (const name of ["other", "deep", "all", "file", "secret"]) {
        await expect(insideFolder(snapshot, name), name).rejects.toMatchObject({ code: "bad_file" });
      }
    });

    it("reaches no blobs that are a link, nor from a folder that only looks like a snapshot", async () => {
      await mkdir(join(root, "models--a--b", "snapshots", COMMIT), { recursive: true });
      await symlink(join(root, "elsewhere"), join(root, "models--a--b", "blobs"));
      await symlink("../../blobs/file", join(root, "models--a--b", "snapshots", COMMIT, "file"));
      const plain = join(root, "repository", "snapshots", COMMIT);
      await mkdir(plain, { recursive: true });
      await mkdir(join(root, "repository", "blobs"));
      await writeFile(join(root, "repository", "blobs", "hash"), "");
      await symlink("../../blobs/hash", join(plain, "file"));
      for (const place of [join(root, "models--a--b", "snapshots", COMMIT), plain]) {
        await expect(insideFolder(place, "file"), place).rejects.toMatchObject({ code: "bad_file" });
      }
    });
  });
});
