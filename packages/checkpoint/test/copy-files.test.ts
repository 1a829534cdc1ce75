import { createHash } from "node:crypto";
import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { startCopying } from "@revocab/checkpoint/internal";
import { afterAll, describe, expect, it } from "vitest";
import { type CopyTarget, type CopyTargets, copyFiles, type FileToCopy } from "../src/copy-files.ts";
import { hashHere } from "../src/hash-blocks.ts";
import type { CopiedRange } from "../src/plan-output.ts";
import { temporaryFolder } from "./model-folder.ts";

const folder = temporaryFolder();
afterAll(() => rm(folder, { recursive: true }));

const TURN = 8 << 20;
const SOURCE = Buffer.allocUnsafe(6 * TURN + 99);
for (let i = 0; i + 4 <= SOURCE.length; i += 4) SOURCE.writeUInt32LE(Math.imul(i, 0x9e3779b1) >>> 0, i);

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

interface Case {
  readonly file: FileToCopy;
  readonly target?: CopyTarget;
}

async function caseOf(
  name: string,
  bytes: Uint8Array,
  ranges?: readonly CopiedRange[],
  header?: Uint8Array,
): Promise<Case> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  await writeFile(`${path}.target`, "");
  const target = ranges && { path: `${path}.target`, ...(header && { header }), ranges };
  return { file: { name, path, bytes: bytes.length }, ...(target && { target }) };
}

const targetsOf = (cases: readonly Case[]): CopyTargets =>
  new Map(cases.flatMap(({ file, target }) => (target === undefined ? [] : [[file.name, target] as const])));
const copiedOf = ({ target }: Case) => readFile(target!.path);
const copy = (cases: readonly Case[], options: Partial<Parameters<typeof copyFiles>[1]> = {}) =>
  copyFiles(
    cases.map(({ file }) => file),
    { hasher: hashHere(), targets: Promise.resolve(targetsOf(cases)), ...options },
  );

describe("a range arrives whole, at its new place, and the whole file is hashed", () => {
  it.each([0, 1, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, TURN - 1, TURN, TURN + 1, 3 * TURN + 7])(
    "of %d bytes",
    async (length) => {
      const one = await caseOf("source", SOURCE, length === 0 ? [] : [{ from: 13, to: 1001, length }]);
      expect(await copy([one])).toEqual({ source: sha256(SOURCE) });
      const copied = await copiedOf(one);
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
    const one = await caseOf("source", SOURCE, ranges, header);
    expect(await copy([one], { onBytes: (count) => (bytes += count) })).toEqual({ source: sha256(SOURCE) });
    const copied = await copiedOf(one);
    expect(copied.subarray(0, 3).equals(header)).toBe(true);
    for (const { from, to, length } of ranges) {
      expect(copied.subarray(to, to + length).equals(SOURCE.subarray(from, from + length))).toBe(true);
    }
    expect(bytes).toBe(4 * TURN + 104);
  });
});

it("a file without a target is hashed alone", async () => {
  const files = [await caseOf("a", SOURCE.subarray(5)), await caseOf("b", new Uint8Array(0))];
  expect(await copy(files)).toEqual({ a: sha256(SOURCE.subarray(5)), b: sha256(new Uint8Array(0)) });
});

describe("where the bytes go may be known late", () => {
  const ranges = [
    { from: 0, to: 5, length: 2 * TURN + 1 },
    { from: 2 * TURN + 9, to: 2 * TURN + 6, length: 4 * TURN - 9 },
  ];
  const header = Buffer.from("abcde");
  const expected = Buffer.concat([
    header,
    ...ranges.map(({ from, length }) => SOURCE.subarray(from, from + length)),
  ]);

  it.each([0, 1, 7, 8, 100])("after %d turns of 8 MB", async (late) => {
    const cases = [
      await caseOf("first", SOURCE, ranges, header),
      await caseOf("second", SOURCE, ranges, header),
      await caseOf("third", SOURCE),
    ];
    let bytes = 0;
    const targets = (async () => {
      for (let turn = 0; turn < late; turn++) await setImmediate();
      return targetsOf(cases);
    })();
    const hash = sha256(SOURCE);
    const onBytes = (count: number) => {
      bytes += count;
    };
    expect(await copy(cases, { targets, onBytes })).toEqual({ first: hash, second: hash, third: hash });
    for (const one of cases.slice(0, 2)) expect((await copiedOf(one)).equals(expected)).toBe(true);
    expect(bytes).toBe(2 * (expected.length - header.length));
  });

  it("what they reject with is thrown", async () => {
    const one = await caseOf("source", SOURCE);
    await expect(copy([one], { targets: Promise.reject(new Error("no room")) })).rejects.toThrow("no room");
  });
});

it("an abort between two turns ends the copy", async () => {
  const controller = new AbortController();
  let turns = 0;
  const onBytes = () => {
    turns++;
    controller.abort();
  };
  const one = await caseOf("source", SOURCE, [{ from: 0, to: 0, length: 4 * TURN }]);
  await expect(copy([one], { job: { abortSignal: controller.signal }, onBytes })).rejects.toMatchObject({
    code: "aborted",
  });
  expect(turns).toBe(1);
});

it("a source that ends too early is bad_safetensors", async () => {
  const one = await caseOf("source", SOURCE, [{ from: SOURCE.length - 5, to: 0, length: 5 }]);
  await truncate(one.file.path, SOURCE.length - 1);
  await expect(copy([one])).rejects.toMatchObject({
    code: "bad_safetensors",
    message: expect.stringMatching(/1 bytes before it should/),
  });
});

describe("files of 64 MB and more are copied on threads", () => {
  const LARGE = Buffer.concat([SOURCE, SOURCE]);
  const ranges = [{ from: 99, to: 0, length: LARGE.length - 99 }];

  const start = (cases: readonly Case[]) => startCopying(cases.map(({ file }) => file));

  it("to the same bytes and hashes", async () => {
    const cases = [
      await caseOf("large", LARGE, ranges),
      await caseOf("small", SOURCE.subarray(0, 3), [{ from: 0, to: 0, length: 3 }]),
    ];
    let bytes = 0;
    const copying = start(cases);
    copying.copyTo(targetsOf(cases), (count) => {
      bytes += count;
    });
    expect(await copying.hashes).toEqual({ large: sha256(LARGE), small: sha256(SOURCE.subarray(0, 3)) });
    expect((await copiedOf(cases[0]!)).equals(LARGE.subarray(99))).toBe(true);
    expect(bytes).toBe(LARGE.length - 99 + 3);
  });

  it("with the same errors, code and hint", async () => {
    const one = await caseOf("large", LARGE, ranges);
    await rm(one.file.path);
    await expect(start([one]).hashes).rejects.toMatchObject({
      name: "RevocabError",
      code: "missing_file",
      hint: expect.stringMatching(/check the path/),
    });
  });

  it("and when stopped, nothing is written any more", async () => {
    const one = await caseOf("large", LARGE, ranges);
    const copying = start([one]);
    copying.copyTo(targetsOf([one]), () => {});
    await copying.stop();
    const written = (await copiedOf(one)).length;
    await expect(copying.hashes).rejects.toMatchObject({ code: "aborted" });
    expect((await copiedOf(one)).length).toBe(written);
  });
});

it("a copy that is stopped before it is known where to is aborted", async () => {
  const copying = startCopying([(await caseOf("source", SOURCE)).file]);
  await copying.stop();
  await expect(copying.hashes).rejects.toMatchObject({ code: "aborted" });
});
