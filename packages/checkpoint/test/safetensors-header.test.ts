import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensorsHeader } from "@revocab/checkpoint";
import { afterAll, describe, expect, it } from "vitest";
import { floats, safetensors, safetensorsOf, temporaryFolder } from "./model-folder.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

function write(bytes: Uint8Array): string {
  const path = join(folder, `${Math.random()}.safetensors`);
  writeFileSync(path, bytes);
  return path;
}

const entry = (start: number, end: number, shape = [(end - start) / 4], dtype = "F32") =>
  JSON.stringify({ dtype, shape, data_offsets: [start, end] });

describe("a good file", () => {
  it("gives its tensors in the order of their bytes, with offsets into the file", async () => {
    const tensors = [floats("b", [2, 3]), floats("a", [1])];
    const header = await readSafetensorsHeader(write(safetensorsOf(tensors, { format: "pt" })));
    expect(header.metadata).toEqual({ format: "pt" });
    expect(header.tensors.map(({ name }) => name)).toEqual(["b", "a"]);
    expect(header.tensors[0]!.start).toBe(header.dataStart);
    expect(header.tensors[1]).toMatchObject({
      start: header.dataStart + 24,
      end: header.dataStart + 28,
      shape: [1],
    });
    expect(header.tensors[1]!.end).toBe(header.bytes);
  });

  it("may hold dtypes narrower than a byte, and empty tensors", async () => {
    const json = `{"f4":${entry(0, 3, [6], "F4")},"none":${entry(3, 3, [0, 7])}}`;
    const { tensors } = await readSafetensorsHeader(write(safetensors(json, new Uint8Array(3))));
    expect(tensors.map(({ name }) => name)).toEqual(["f4", "none"]);
  });

  it("may name a tensor twice: the last counts, as for the safetensors library", async () => {
    const json = `{"a":${entry(0, 400)},"\\u0061":${entry(0, 16)}}`;
    const { tensors } = await readSafetensorsHeader(write(safetensors(json, new Uint8Array(16))));
    expect(tensors.map(({ name, shape }) => [name, ...shape])).toEqual([["a", 4]]);
  });

  it("may have nothing but a header", async () => {
    expect((await readSafetensorsHeader(write(safetensors("{}", new Uint8Array(0))))).tensors).toEqual([]);
  });
});

describe("a bad file is refused with bad_safetensors and the reason", () => {
  const data = new Uint8Array(16);
  const attacks: readonly [string, Uint8Array, RegExp][] = [
    ["empty", new Uint8Array(0), /has 0 bytes/],
    ["shorter than the length word", new Uint8Array(5), /has 5 bytes/],
    [
      "a header longer than the file",
      safetensors("{}", data, 1000n),
      /says that its header has 1000 bytes, but only 18/,
    ],
    [
      "a header length of 2^64 − 1",
      safetensors("{}", data, 0xffff_ffff_ffff_ffffn),
      /18446744073709551615 bytes/,
    ],
    ["no JSON", safetensors("{oops", data), /a header that is not valid JSON/],
    ["not UTF-8", safetensors("{}", data, 3n).fill(0xff, 8, 11), /not UTF-8/],
    ["a list", safetensors("[]", data), /a list as its header/],
    ["a tensor that is no object", safetensors('{"a":7}', data), /tensor a by 7; an object/],
    ["no dtype", safetensors('{"a":{"shape":[4],"data_offsets":[0,16]}}', data), /no dtype/],
    ["a negative shape", safetensors(`{"a":${entry(0, 16, [-4])}}`, data), /tensor a -4 in its shape/],
    ["a fractional shape", safetensors(`{"a":${entry(0, 16, [1.5])}}`, data), /tensor a 1.5 in its shape/],
    [
      "an unknown dtype",
      safetensors(`{"a":${entry(0, 16, [4], "F33")}}`, data),
      /the dtype "F33"; one of the format/,
    ],
    [
      "a key of a tensor twice",
      safetensors('{"a":{"dtype":"F32","dtype":"F32","shape":[4],"data_offsets":[0,16]}}', data),
      /tensor a more than one dtype/,
    ],
    [
      "bits that are no bytes",
      safetensors(`{"a":${entry(0, 16, [3], "F4")}}`, data),
      /12 bits are no whole bytes/,
    ],
    [
      "metadata that is no string",
      safetensors('{"__metadata__":{"a":{"b":1}}}', data),
      /an object as the value of "a"/,
    ],
    ["metadata twice", safetensors('{"__metadata__":{},"__metadata__":{}}', data), /__metadata__ twice/],
    [
      "a size that cannot be exact here",
      safetensors(
        '{"a":{"dtype":"F32","shape":[0,9007199254740992],"data_offsets":[0,0]}}',
        new Uint8Array(0),
      ),
      /numbers beyond 2\^53 - 1 are not supported here/,
    ],
    [
      "50,000 brackets",
      safetensors(`{"a":${"[".repeat(50_000)}`, data),
      /nesting beyond 127 levels at character/,
    ],
    [
      "offsets the wrong way round",
      safetensors(`{"a":${entry(16, 0, [4])}}`, data),
      /data_offsets \[16,0\], which end/,
    ],
    [
      "three offsets",
      safetensors('{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,8,16]}}', data),
      /data_offsets/,
    ],
    [
      "shape and length that disagree",
      safetensors(`{"a":${entry(0, 16, [5])}}`, data),
      /16 bytes; it needs 20/,
    ],
    [
      "a shape whose product overflows",
      safetensors(`{"a":${entry(0, 16, [2 ** 52, 2 ** 52])}}`, data),
      /more than 2\^64 bits/,
    ],
    ["a tensor beyond the end", safetensors(`{"a":${entry(0, 32)}}`, data), /ends at byte .* truncated/],
    [
      "tensors that overlap",
      safetensors(`{"a":${entry(0, 12)},"b":${entry(8, 16)}}`, data),
      /overlapping.*4 bytes/,
    ],
    ["a gap", safetensors(`{"a":${entry(0, 4)},"b":${entry(8, 16)}}`, data), /4 bytes before the tensor b/],
    [
      "bytes after the last tensor",
      safetensors(`{"a":${entry(0, 12)}}`, data),
      /4 bytes after its last tensor/,
    ],
    ["metadata that is no object", safetensors('{"__metadata__":3}', data), /__metadata__/],
  ];
  it.each(attacks)("%s", async (_, bytes, reason) => {
    await expect(readSafetensorsHeader(write(bytes))).rejects.toMatchObject({
      code: "bad_safetensors",
      message: expect.stringMatching(reason),
      hint: expect.any(String),
    });
  });

  it("a header beyond the library's limit of 100 MB is not read", async () => {
    const path = join(folder, "huge.safetensors");
    writeFileSync(path, safetensors("", new Uint8Array(0), 100_000_001n));
    const { truncateSync } = await import("node:fs");
    truncateSync(path, 200e6);
    await expect(readSafetensorsHeader(path)).rejects.toMatchObject({
      code: "bad_safetensors",
      message: expect.stringContaining("at most 100000000 are allowed"),
    });
  });

  it("every truncation of a good file", async () => {
    const good = safetensorsOf([floats("a", [3])]);
    for (let length = 0; length < good.length; length++) {
      await expect(readSafetensorsHeader(write(good.slice(0, length)))).rejects.toMatchObject({
        code: "bad_safetensors",
      });
    }
  });
});

it("a message shows little of a name or a value, and no control character", async () => {
  const long = "\u001b[31m\u202e".repeat(5000);
  for (const json of [
    JSON.stringify({ [long]: 7 }),
    JSON.stringify({ a: { dtype: long, shape: [], data_offsets: [0, 4] } }),
    JSON.stringify({ [long]: { dtype: "F32", shape: new Array(5000).fill(1), data_offsets: [0, 5] } }),
    JSON.stringify({ __metadata__: { [long]: 1 } }),
    `{"a":${"9".repeat(5000)}}`,
  ]) {
    const error: Error = await readSafetensorsHeader(write(safetensors(json, new Uint8Array(5)))).then(
      () => expect.unreachable(),
      (error) => error,
    );
    expect(error.message.length).toBeLessThan(1000);
    expect(error.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  }
});

it("a file that does not exist is missing_file", async () => {
  await expect(readSafetensorsHeader(join(folder, "nothing"))).rejects.toMatchObject({
    code: "missing_file",
  });
});
