import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFile, readWhole } from "@revocab/files";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cannotOpen, wholeOf } from "../src/open-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "revocab-files-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a file is read whole, through a link too", async () => {
  await writeFile(join(folder, "a"), "text");
  await symlink("a", join(folder, "link"));
  expect((await readWhole(join(folder, "link"), { most: 4 })).toString()).toBe("text");
});

test("a file beyond the bound is refused before it is read", async () => {
  await writeFile(join(folder, "large"), "12345");
  await expect(readWhole(join(folder, "large"), { most: 4 })).rejects.toMatchObject({
    code: "bad_file",
    message: expect.stringContaining("found 5 bytes, expected at most 4"),
  });
});

test.runIf(process.platform !== "win32")(
  "pipes, devices, sockets and folders are refused at once",
  async () => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    await symlink("/dev/zero", join(folder, "zero"));
    const server = createServer().listen(join(folder, "socket"));
    const found = async (name: string) =>
      openFile(join(folder, name)).then(String, (error: Error) => error.message);
    expect(await found("pipe")).toContain("found a pipe");
    expect(await found("zero")).toContain("found a device");
    expect(await found("socket")).toContain("found a socket");
    expect(await found(".")).toContain("found a folder");
    expect(await found("nothing")).toContain("there is no such file");
    server.close();
  },
);

test("too many open files is called what it is", () => {
  const cause = Object.assign(new Error("EMFILE: too many open files"), { code: "EMFILE" });
  expect(cannotOpen("a", cause, "a regular file", { hint: "download the model again" })).toMatchObject({
    code: "bad_file",
    message: expect.stringContaining("this process has too many open files"),
    hint: expect.stringContaining("ulimit -n"),
  });
});

test("a file that has more bytes than it says is read within the bound", async () => {
  const growing = join(folder, "growing");
  await writeFile(growing, "");
  const handle = await openFile(growing);
  await writeFile(growing, "12345");
  const stat = handle.stat.bind(handle);
  handle.stat = (async () => Object.assign(await stat(), { size: 0 })) as typeof handle.stat;
  await expect(wholeOf(handle, growing, { most: 4 })).rejects.toMatchObject({
    code: "bad_file",
    message: expect.stringContaining("more bytes, expected at most 4"),
  });
});
