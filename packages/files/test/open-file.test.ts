import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFile, readWhole } from "@revocab/files";
import { afterAll, beforeAll, expect, test } from "vitest";

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
