import { createHash } from "node:crypto";
import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startCopying } from "@revocab/checkpoint/internal";
import { afterAll, describe, expect, it } from "vitest";
import { copyFiles, type FileToCopy } from "../src/copy-files.ts";
import { hashHere } from "../src/hash-blocks.ts";
import type { CopiedRange } from "../src/plan-output.ts";
import { temporaryFolder } from "./model-folder.ts";

const folder = temporaryFolder();
afterAll(() => rm(folder, { recursive: true }));

const TURN = 8 << 20;
const SOURCE = Buffer.allocUnsafe(6 * TURN + 99);
for (let i = 0; i + 4 <= SOURCE.length; i += 4) SOURCE.writeUInt32LE(Math.imul(i, 0x9e3779b1) >>> 0, i);

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function fileOf(
  name: string,
  bytes: Uint8Array,
  ranges?: readonly CopiedRange[],
  header?: Uint8Array,
): Promise<FileToCopy> {
  const path = join(folder, name);
  const target = { path: `${path}.target`, ...(header && { header }), ranges: ranges ?? [] };
  await writeFile(path, bytes);
  await writeFile(target.path, "");
  return { name, path, bytes: bytes.length, ...(ranges && { target }) };
}

const targetOf = (file: FileToCopy) => readFile(file.target!.path);
const copy = (files: readonly FileToCopy[], options: Partial<Parameters<typeof copyFiles>[1]> = {}) =>
  copyFiles(files, { hasher: hashHere(), ...options });

describe("a range arrives whole, at its new place, and the whole file is hashed", () => {
  it.each([0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, TURN - 1, TURN, TURN + 1, 3 * TURN + 7])(
    "of %d bytes",
    async (length) => {
      const file = await fileOf("source", SOURCE, length === 0 ? [] : [{ from: 13, to: 1001, length }]);
      expect(await copy([file])).toEqual({ source: sha256(SOURCE) });
      const copied = await targetOf(file);
      expect(copied.length).toBe(length === 0 ? 0 : 1001 + length);
      expect(copied.subarray(1001).equals(SOURCE.subarray(13, 13 + length))).toBe(true);
    },
  );

  it("among several, behind a header, with every byte that stays counted once", async () => {
    let bytes = 0;
    const ranges = [
      { from: 7, to: 3, length: 3 },
      { from: 10, to: 3 * TURN, length: TURN + 100 },
      { from: 3 * TURN, to: 4 * TURN + 100, length: 3 * TURN + 1 },
    ];
    const header = Buffer.from("abc");
    const file = await fileOf("source", SOURCE, ranges, header);
    expect(await copy([file], { onBytes: (count) => (bytes += count) })).toEqual({ source: sha256(SOURCE) });
    const copied = await targetOf(file);
    expect(copied.subarray(0, 3).equals(header)).toBe(true);
    for (const { from, to, length } of ranges) {
      expect(copied.subarray(to, to + length).equals(SOURCE.subarray(from, from + length))).toBe(true);
    }
    expect(bytes).toBe(4 * TURN + 104);
  });
});

it("a file without a target is hashed alone", async () => {
  const files = [await fileOf("a", SOURCE.subarray(5)), await fileOf("b", new Uint8Array(0))];
  expect(await copy(files)).toEqual({ a: sha256(SOURCE.subarray(5)), b: sha256(new Uint8Array(0)) });
});

it("an abort between two turns ends the copy", async () => {
  const controller = new AbortController();
  let turns = 0;
  const onBytes = () => {
    turns++;
    controller.abort();
  };
  const file = await fileOf("source", SOURCE, [{ from: 0, to: 0, length: 4 * TURN }]);
  await expect(copy([file], { job: { abortSignal: controller.signal }, onBytes })).rejects.toMatchObject({
    code: "aborted",
  });
  expect(turns).toBe(1);
});

it("a source that ends too early is bad_safetensors", async () => {
  const file = await fileOf("source", SOURCE, [{ from: SOURCE.length - 5, to: 0, length: 5 }]);
  await truncate(file.path, SOURCE.length - 1);
  await expect(copy([file])).rejects.toMatchObject({
    code: "bad_safetensors",
    message: expect.stringMatching(/1 bytes before it should/),
  });
});

describe("files of 64 MB and more are copied on threads", () => {
  const LARGE = Buffer.concat([SOURCE, SOURCE]);
  const ranges = [{ from: 99, to: 0, length: LARGE.length - 99 }];

  it("to the same bytes and hashes", async () => {
    const files = [
      await fileOf("large", LARGE, ranges),
      await fileOf("small", SOURCE.subarray(0, 3), [{ from: 0, to: 0, length: 3 }]),
    ];
    let bytes = 0;
    const { hashes } = startCopying(files, (count) => {
      bytes += count;
    });
    expect(await hashes).toEqual({ large: sha256(LARGE), small: sha256(SOURCE.subarray(0, 3)) });
    expect((await targetOf(files[0]!)).equals(LARGE.subarray(99))).toBe(true);
    expect(bytes).toBe(LARGE.length - 99 + 3);
  });

  it("with the same errors, code and hint", async () => {
    const file = await fileOf("large", LARGE, ranges);
    await rm(file.path);
    await expect(startCopying([file], () => {}).hashes).rejects.toMatchObject({
      name: "RevocabError",
      code: "missing_file",
      hint: expect.stringMatching(/check the path/),
    });
  });

  it("and when stopped, nothing is written any more", async () => {
    const file = await fileOf("large", LARGE, ranges);
    const copying = startCopying([file], () => {});
    await copying.stop();
    await rm(file.target!.path);
    await expect(copying.hashes).rejects.toMatchObject({ code: "aborted" });
    await expect(targetOf(file)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
