import { execFileSync } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { open, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { RevocabError } from "@revocab/core";
import { linesOfText, readLines, readText } from "@revocab/files";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

describe.skipIf(process.platform === "win32")("a text that is no regular file", () => {
  let folder: string;
  let pipe: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pipes-"));
    pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("may be a pipe whose writer takes its time", async () => {
    const reading = readText(pipe);
    await setTimeout(50);
    const writer = createWriteStream(pipe);
    for (const part of ["first", "\n\nsec", "ond"]) {
      await new Promise((resolve) => writer.write(part, resolve));
      await setTimeout(20);
    }
    writer.end();
    expect(await reading).toMatchObject({ documents: ["first", "second"], isWhole: true });
  });

  it("may be a pipe of which no more is read than is needed", async () => {
    const writing = writeFile(pipe, "word ".repeat(2 ** 20)).catch(
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect(await readText(pipe, { maxBytes: 10 })).toMatchObject({
      documents: ["word word"],
      isWhole: false,
    });
    expect(await writing).toBe("EPIPE");
  });

  it("gives the same lines as a pipe and as a file", async () => {
    const text = `${`${"line ".repeat(200)}\n`.repeat(20_000)}\r\nlast`; // beyond the first 16 MiB
    await writeFile(join(folder, "file"), text);
    const [lines] = await Promise.all([readLines(pipe), writeFile(pipe, text)]);
    expect(lines).toHaveLength(20_002);
    expect(lines).toEqual(await readLines(join(folder, "file")));
  });

  it("lets go of a pipe that is waited for when the work is stopped", async () => {
    for (const hasWriter of [false, true]) {
      const writer = hasWriter ? await open(pipe, "r+") : undefined;
      const stop = new AbortController();
      const reading = readText(pipe, { job: { abortSignal: stop.signal } });
      await setTimeout(50);
      stop.abort(new RevocabError("aborted", "stopped by the test"));
      await expect(reading).rejects.toThrow("stopped by the test");
      await writer?.close();
    }
  });

  it("is refused where it is a device, a socket or a folder, and as a pipe where it is read more than once", async () => {
    const server = createServer().listen(join(folder, "socket"));
    const refused = async (read: () => Promise<unknown>) =>
      read().then(String, (error: Error) => error.message);
    for (const read of [readText, readLines, all]) {
      expect(await refused(() => read("/dev/zero"))).toContain("found a device");
      expect(await refused(() => read(join(folder, "socket")))).toContain("found a socket");
      expect(await refused(() => read(folder))).toContain("found a folder");
    }
    expect(await refused(() => all(pipe))).toContain("found a pipe");
    server.close();
  });
});

async function all(path: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOfText(path)) lines.push(line);
  return lines;
}
