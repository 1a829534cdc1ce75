import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { RevocabError } from "@revocab/core";
import { scratchFolders } from "@revocab/test-support/folders";
import { readFastText, readTextVectors, readWordVectors } from "@revocab/word-vectors";
import { describe, expect, it } from "vitest";

const fixtures = fileURLToPath(new URL("fixtures/fasttext/", import.meta.url));
const skipgram = readFileSync(join(fixtures, "skipgram.bin"));
const newFolder = scratchFolders();

/** Where the numbers of a version 12 file stand. */
const AT = {
  version: 4,
  dimension: 8,
  loss: 32,
  model: 36,
  buckets: 40,
  minN: 44,
  maxN: 48,
  entries: 64,
} as const;
const SIZES_END = AT.entries + 28;

describe("a fastText file that was cut", () => {
  it("is refused wherever the cut is, and the message names the file", async () => {
    const whole = readFileSync(join(fixtures, "supervised-words.bin"));
    const path = join(newFolder(), "cut.bin");
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      const error = await failure(() => readFastText(path));
      expect([length, error.code]).toEqual([length, "bad_vectors"]);
      expect(error.message).toContain(path);
    }
  });

  it("is refused when it has n-grams and only a few words are asked for", async () => {
    const path = join(newFolder(), "cut.bin");
    for (let length = SIZES_END; length < skipgram.length; length += 97) {
      writeFileSync(path, skipgram.subarray(0, length));
      expect((await failure(() => readFastText(path, { maxWords: 2 }))).code).toBe("bad_vectors");
    }
  });

  it("is refused when something follows its last matrix", async () => {
    const path = fileOf(Buffer.concat([skipgram, Buffer.of(0)]));
    expect((await failure(() => readFastText(path))).message).toContain("1 bytes follow");
  });
});

describe("hostile numbers in a fastText file", () => {
  const integers = Object.entries(AT).filter(([name]) => !["minN", "version"].includes(name));
  it.each(integers)("%s: −1 and 2³¹ − 1 are refused before memory is taken", async (_, at) => {
    for (const value of [-1, 2 ** 31 - 1]) {
      const changed = Buffer.from(skipgram);
      changed.writeInt32LE(value, at);
      expect((await failure(() => readFastText(fileOf(changed)))).code).toBe("bad_vectors");
    }
  });

  it.each([0, 10, 13, -1, 2 ** 31 - 1])("version %s is refused by its number", async (version) => {
    const changed = Buffer.from(skipgram);
    changed.writeInt32LE(version, AT.version);
    expect((await failure(() => readFastText(fileOf(changed)))).message).toContain(`version ${version}`);
  });

  it("no buckets with n-grams, no dimension, no words", async () => {
    for (const at of [AT.buckets, AT.dimension]) {
      const changed = Buffer.from(skipgram);
      changed.writeInt32LE(0, at);
      expect((await failure(() => readFastText(fileOf(changed)))).code).toBe("bad_vectors");
    }
    const empty = Buffer.from(skipgram);
    for (const at of [0, 4]) empty.writeInt32LE(0, AT.entries + at);
    expect((await failure(() => readFastText(fileOf(empty)))).message).toContain("no words");
  });

  it("shapes of matrices that no file could hold are refused before memory is taken", async () => {
    const shapeAt = inputAt() + 1;
    for (const [rows, columns] of [
      [2n ** 62n, 6n],
      [2n ** 40n, 2n ** 40n],
      [-1n, 6n],
      [95n, -6n],
      [96n, 6n],
      [95n, 5n],
    ] as const) {
      const changed = Buffer.from(skipgram);
      changed.writeBigInt64LE(rows, shapeAt);
      changed.writeBigInt64LE(columns, shapeAt + 8);
      expect((await failure(() => readFastText(fileOf(changed)))).code).toBe("bad_vectors");
    }
  });

  it("a count below zero and a type that is no type are refused", async () => {
    const end = skipgram.indexOf(0, SIZES_END);
    for (const change of [
      (b: Buffer) => b.writeBigInt64LE(-5n, end + 1),
      (b: Buffer) => b.writeInt8(2, end + 9),
    ]) {
      const changed = Buffer.from(skipgram);
      change(changed);
      expect((await failure(() => readFastText(fileOf(changed)))).message).toContain("word 1 of 45");
    }
  });

  it("a matrix that is neither quantized nor whole is refused", async () => {
    const changed = Buffer.from(skipgram);
    changed.writeInt8(7, inputAt());
    expect((await failure(() => readFastText(fileOf(changed)))).message).toContain("neither quantized");
  });

  it("values that are not finite are refused, in words and in buckets", async () => {
    for (const row of [0, 60]) {
      const changed = Buffer.from(skipgram);
      changed.writeFloatLE(Number.NaN, inputAt() + 17 + row * 24);
      expect((await failure(() => readFastText(fileOf(changed)))).code).toBe("not_finite");
    }
  });
});

describe("files of other kinds", () => {
  it.each(["quantized.ftz", "pruned.ftz"])("%s is refused, with the way out", async (name) => {
    const error = await failure(() => readWordVectors(join(fixtures, name)));
    expect(error).toMatchObject({ code: "bad_vectors", hint: expect.stringContaining(".bin") });
    expect(error.message).toContain("quantized");
  });

  it.each([
    ["gzip", gzipSync("2 2\na 1 2\nb 3 4\n"), "gunzip"],
    ["zip", Buffer.from("PK\u0003\u0004abcdefgh"), "unzip"],
    ["a pickle", Buffer.from([0x80, 4, 0x95, 1, 2, 3]), "save_word2vec_format"],
    ["a NumPy array", Buffer.from("\x93NUMPY\x01\x00v\x00", "latin1"), "no words"],
  ])("%s is named, with what to do", async (_, bytes, hint) => {
    expect(await failure(() => readWordVectors(fileOf(bytes)))).toMatchObject({
      code: "bad_vectors",
      hint: expect.stringContaining(hint),
    });
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["zeros", Buffer.alloc(5000)],
    ["noise", Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * i * 31 + i * 7) % 251))],
    [
      "a safetensors file",
      Buffer.concat([Buffer.from([16, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{"a":{}}        ')]),
    ],
    ["prose", Buffer.from("It was the best of times,\nit was the worst of times.\n")],
    ["JSON", Buffer.from('{"a": [1, 2]}\n')],
  ])("%s is refused as vectors, by content and by name", async (_, bytes) => {
    const path = fileOf(bytes);
    for (const read of [readWordVectors, readFastText, readTextVectors]) {
      expect((await failure(() => read(path))).code).toBe("bad_vectors");
    }
  });

  it("a file that is not there is missing, and a folder is none", async () => {
    const folder = newFolder();
    expect((await failure(() => readWordVectors(join(folder, "none.bin")))).code).toBe("missing_file");
    expect((await failure(() => readWordVectors(folder))).code).toBe("bad_file");
  });
});

describe("an aborted reading", () => {
  it("stops before it starts", async () => {
    const path = join(fixtures, "skipgram.bin");
    expect(
      (await failure(() => readFastText(path, { job: { abortSignal: AbortSignal.abort() } }))).code,
    ).toBe("aborted");
    expect(
      (await failure(() => readWordVectors(path, { job: { abortSignal: AbortSignal.abort() } }))).code,
    ).toBe("aborted");
  });
});

/** Where the input matrix begins, with the byte that says whether it is quantized. */
function inputAt(): number {
  const words = skipgram.readInt32LE(AT.entries);
  return skipgram.length - (2 * 17 + 4 * 6 * (2 * words + 50));
}

function fileOf(bytes: Uint8Array): string {
  const path = join(newFolder(), "file.bin");
  writeFileSync(path, bytes);
  return path;
}

async function failure(read: () => Promise<unknown>): Promise<RevocabError> {
  try {
    await read();
  } catch (error) {
    expect(error).toBeInstanceOf(RevocabError);
    return error as RevocabError;
  }
  throw new Error("it was read");
}
