import { execFileSync } from "node:child_process";
import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { readText } from "@revocab/files";
import { failure } from "@revocab/test-support/failure";
import { scratchFolders } from "@revocab/test-support/folders";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstInvalidByte } from "../src/decode-text.ts";

const scratch = scratchFolders();

function fileOf(content: string | Uint8Array): string {
  const path = join(scratch(), "text.txt");
  writeFileSync(path, content);
  return path;
}

describe("reading a text", () => {
  it("takes all documents of a file that is short enough, and counts their bytes, not the file's", async () => {
    const text = await readText(fileOf("one<|endoftext|>\nzwölf\n<|endoftext|>"));
    expect(text).toEqual({
      documents: ["one", "zwölf"],
      bytes: 9,
      boundary: "endoftext",
      isWhole: true,
      notes: [],
    });
  });

  it("takes whole documents while they fit, and not a shorter one after one that does not", async () => {
    const path = fileOf("12345\n\n1234567\n\n1\n");
    expect(await readText(path, { maxBytes: 11 })).toMatchObject({ documents: ["12345"], isWhole: false });
    expect(await readText(path, { maxBytes: 12 })).toMatchObject({
      documents: ["12345", "1234567"],
      bytes: 12,
    });
    expect(await readText(path, { maxBytes: 13 })).toMatchObject({ bytes: 13, isWhole: true });
  });

  it("cuts a first document that is too long at a character's boundary, and says so", async () => {
    const text = await readText(fileOf("aö€ö\n\nb"), { maxBytes: 7 });
    expect(text).toMatchObject({ documents: ["aö€"], bytes: 6, isWhole: false });
    expect(text.notes).toEqual(["the first document is longer than 7 bytes, so it is cut after its first 6"]);
  });

  it("takes the first bytes as one document when asked, white space at the start counted before it goes", async () => {
    const text = await readText(fileOf("\na\n\nbcd"), { maxBytes: 5, split: "none" });
    expect(text).toMatchObject({ documents: ["a\n\nb"], bytes: 4, isWhole: false });
    expect(text.notes).toEqual(["the text is longer than 5 bytes, so it is cut after its first 4"]);
  });

  it("drops a byte-order mark", async () => {
    expect((await readText(fileOf("\uFEFFa"))).documents).toEqual(["a"]);
  });

  it("keeps line ends and knows blank lines of both kinds", async () => {
    expect((await readText(fileOf("a\r\nb\r\n\r\nc\n\nd"))).documents).toEqual(["a\r\nb", "c", "d"]);
  });

  it("reads the start of a file of a terabyte", async () => {
    const path = join(scratch(), "long.txt");
    const file = openSync(path, "w");
    writeSync(file, "story. ".repeat(20_000));
    ftruncateSync(file, 2 ** 40);
    closeSync(file);
    const text = await readText(path, { maxBytes: 1000 });
    expect(text).toMatchObject({ bytes: 1000, isWhole: false });
  });

  it("reads on where markers take more room than the first read has", async () => {
    const path = fileOf("abcdef<|endoftext|>\n".repeat(30_000));
    const text = await readText(path, { maxBytes: 60_000 });
    expect(text).toMatchObject({ bytes: 60_000, isWhole: false, notes: [] });
    expect(text.documents).toEqual(new Array(10_000).fill("abcdef"));
  });

  it("does not take the start of a marker for text, wherever the reading ends", async () => {
    for (let length = 0; length <= 20; length++) {
      const padding = " ".repeat(2 ** 16 + 10 - 13 - length);
      const path = fileOf(`1<|endoftext|>${padding}12<|endoftext|>12345678`);
      expect((await readText(path, { maxBytes: 10 })).documents).toEqual(["1", "12"]);
    }
  });

  it("stops where white space takes eight times the room of the documents, and says so", async () => {
    const text = await readText(fileOf(`a\n\nb${" ".repeat(300_000)}\n\nc`), { maxBytes: 1000 });
    expect(text).toMatchObject({ documents: ["a"], bytes: 1, isWhole: false });
    expect(text.notes[0]).toContain("the rest is not read");
  });

  it.skipIf(process.platform === "win32")("reads a pipe", async () => {
    const path = join(scratch(), "pipe");
    execFileSync("mkfifo", [path]);
    const [text] = await Promise.all([
      readText(path),
      import("node:fs/promises").then(({ writeFile }) => writeFile(path, "a\n\nb")),
    ]);
    expect(text).toMatchObject({ documents: ["a", "b"], isWhole: true });
  });

  it("takes the documents that a reader of the whole file would, for any text and limit", async () => {
    const path = join(scratch(), "any.txt");
    const part = fc.constantFrom(
      "a",
      "ö",
      "€",
      "😀",
      " ",
      "\n",
      "\n\n",
      "\r\n\r\n",
      "<|endoftext|>",
      "<|end",
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { maxLength: 30 }),
        fc.integer({ min: 1, max: 40 }),
        async (parts, maxBytes) => {
          const content = `x${parts.join("")}`;
          writeFileSync(path, content);
          const { documents, bytes, isWhole } = await readText(path, { maxBytes });
          expect(bytes).toBe(Buffer.byteLength(documents.join("")));
          expect(bytes).toBeLessThanOrEqual(maxBytes);
          const all = content
            .split(content.includes("<|endoftext|>") ? "<|endoftext|>" : /\r?\n(?:\r?\n| )*\r?\n/)
            .map((document) => document.trim())
            .filter((document) => document !== "");
          if (isWhole) expect(documents).toEqual(all);
          else if (Buffer.byteLength(all[0]) <= maxBytes) {
            expect(documents).toEqual(all.slice(0, documents.length));
            expect(bytes + Buffer.byteLength(all[documents.length])).toBeGreaterThan(maxBytes);
          } else expect(all[0].startsWith(documents[0])).toBe(true);
        },
      ),
    );
  });
});

describe("a text that cannot be scored", () => {
  it.each([
    ["nothing", ""],
    ["white space", " \r\n\t\n"],
    ["markers", "<|endoftext|>\n<|endoftext|>"],
    ["a byte-order mark", "\uFEFF"],
  ])("that has only %s is an error", async (_, content) => {
    const error = await failure(readText(fileOf(content)));
    expect(error.code).toBe("bad_text");
    expect(error.message).toContain("found no text");
  });

  it.each([
    ["Latin-1", Buffer.from("caf\xe9 cr\xe8me", "latin1"), 3, "0xE9", "iconv -f latin1 -t utf-8"],
    ["Windows-1252", Buffer.from("say \x93yes\x94", "latin1"), 4, "0x93", "iconv -f windows-1252 -t utf-8"],
    [
      "UTF-16 with a byte-order mark",
      Buffer.from("\uFEFFhello", "utf16le"),
      0,
      "0xFF",
      "iconv -f utf-16 -t utf-8",
    ],
    ["UTF-16 (little-endian)", Buffer.from("hello", "utf16le"), 1, "0x00", "iconv -f utf-16le -t utf-8"],
    [
      "UTF-16 (big-endian)",
      Buffer.from("hello", "utf16le").swap16(),
      0,
      "0x00",
      "iconv -f utf-16be -t utf-8",
    ],
    ["UTF-32", Buffer.from([0xff, 0xfe, 0, 0, 97, 0, 0, 0]), 0, "0xFF", "iconv -f utf-32 -t utf-8"],
    ["gzip", gzipSync("hello"), 0, "0x1F", "gzip -dc"],
  ])(
    "in %s is an error that says which byte, and how to convert it",
    async (name, content, offset, value, command) => {
      const error = await failure(readText(fileOf(content)));
      expect(error.code).toBe("bad_text");
      expect(error.message).toContain(`the byte ${value} at offset ${offset},`);
      expect(error.message).toContain(name);
      expect(error.hint).toContain(command);
    },
  );

  it("with a single zero byte is an error that takes it for no UTF-16", async () => {
    const error = await failure(readText(fileOf("a line of text\n\0another line\n")));
    expect(error.message).toMatch(
      /found the byte 0x00 at offset 15, expected text in UTF-8, which has none$/,
    );
    expect(error.hint).toContain("tr -d '\\000'");
    expect(error.hint).not.toContain("iconv");
  });

  it("that ends within a character is an error, but the limit may cut one", async () => {
    const error = await failure(readText(fileOf(Buffer.from("a€").subarray(0, 3))));
    expect(error.code).toBe("bad_text");
    expect(error.message).toContain("ends within a character, that of the byte 0xE2 at offset 1");
    // The first read ends within one of these, at 1 + 64 KiB + 1000 bytes.
    const text = await readText(fileOf(`a${"€".repeat(40_000)}`), { maxBytes: 1001, split: "none" });
    expect(text.bytes).toBe(1000);
  });

  it("that is not there, or is a folder, is an error that names it", async () => {
    const folder = scratch();
    for (const [path, code] of [
      [join(folder, "none.txt"), "missing_file"],
      [folder, "bad_file"],
    ]) {
      const error = await failure(readText(path));
      expect(error.code).toBe(code);
      expect(error.message).toContain(path);
    }
  });

  it.each([0, -1, 1.5, Number.NaN, 2 ** 28 + 1])("is not read to %d bytes", async (maxBytes) => {
    const error = await failure(readText(fileOf("a"), { maxBytes }));
    expect(error.code).toBe("bad_options");
    expect(error.message).toContain(String(maxBytes));
  });

  it("is not read when the work is aborted", async () => {
    expect((await failure(readText(fileOf("a"), { job: { abortSignal: AbortSignal.abort() } }))).code).toBe(
      "aborted",
    );
  });
});

describe("the first invalid byte", () => {
  it("is found exactly where the strict decoder gives up", () => {
    const byte = fc.constantFrom(
      0x41,
      0x7f,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc1,
      0xc2,
      0xe0,
      0xed,
      0xef,
      0xf0,
      0xf4,
      0xf5,
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), fc.array(byte, { maxLength: 8 }), (any, chosen) => {
        for (const bytes of [any, Uint8Array.from(chosen)]) {
          const at = firstInvalidByte(bytes);
          expect(isUtf8(bytes.subarray(0, at))).toBe(true);
          // No longer start is UTF-8, so the first character after it is broken.
          for (let end = at + 1; end <= bytes.length; end++)
            expect(isUtf8(bytes.subarray(0, end))).toBe(false);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
