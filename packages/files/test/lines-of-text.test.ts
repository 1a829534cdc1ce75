import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linesOfText } from "@revocab/files";
import { afterAll, beforeAll, expect, test } from "vitest";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "revocab-lines-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function linesOf(text: string): Promise<string[]> {
  const path = join(folder, "text");
  await writeFile(path, text);
  const lines: string[] = [];
  for await (const line of linesOfText(path)) lines.push(line);
  return lines;
}

test("lines come without their ends, and what stands behind the last end, too", async () => {
  expect(await linesOf("a\nb\r\n\nc")).toEqual(["a", "b", "", "c"]);
  expect(await linesOf("a\n")).toEqual(["a", ""]);
  expect(await linesOf("")).toEqual([""]);
});

test("a line of up to 65,536 characters comes whole", async () => {
  const line = "x ".repeat(2 ** 15);
  expect(await linesOf(`${line}\n${line}`)).toEqual([line, line]);
});

test("a longer line comes in parts that are it, none longer, each from a space on", async () => {
  for (const line of ["word and ".repeat(50_000), `${"a ".repeat(100_000)}${"b".repeat(200_000)} c`]) {
    const parts = await linesOf(`first\n${line}\nlast`);
    expect([parts[0], parts.at(-1)]).toEqual(["first", "last"]);
    const inner = parts.slice(1, -1);
    expect(inner.join("")).toBe(line);
    expect(Math.max(...inner.map(({ length }) => length))).toBeLessThanOrEqual(2 ** 16);
  }
  const [, ...next] = await linesOf("word and ".repeat(50_000));
  for (const part of next) expect(part).toMatch(/^ \S/);
});

test("one word of 1 MB is cut between characters", async () => {
  const word = `x${"👋🏽".repeat(250_000)}`;
  const parts = await linesOf(word);
  expect(parts.length).toBeGreaterThan(10);
  expect(parts.join("")).toBe(word);
  for (const part of parts) expect(part).not.toMatch(/\p{Cs}/u);
});
