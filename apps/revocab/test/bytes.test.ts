import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";

const folder = scratchFolders();

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(folder(), name);
  writeFileSync(path, content);
  return path;
}

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await inProcess([...args, "--json", "--quiet"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const VOTERS = [SAMPLE_MODEL, "--bytes", "--with", SAMPLE_MODEL];

describe("generate --bytes", () => {
  it("goes on inside a word as the text that the word is from", async () => {
    const { text } = await json("generate", SAMPLE_MODEL, "Once upon a ti", "--bytes", "--max-bytes", "12");
    expect(text).toBe("Once upon a time, there wa");
  });

  it("finishes the character that a prompt file ends in, and writes no broken one", async () => {
    const prompt = fileOf("cut.txt", Uint8Array.of(...Buffer.from("Tom said caf"), 0xc3));
    const args = ["--bytes", "--prompt-file", prompt, "--max-bytes", "8", "--temperature", "1"];
    const { text } = await json("generate", SAMPLE_MODEL, ...args);
    expect(text).toMatch(/^Tom said caf[\u00c0-\u00ff]/);
    expect(text).not.toContain("\ufffd");
    const broken = fileOf("broken.txt", Uint8Array.of(...Buffer.from("Tom"), 0xff, 0x20));
    const { stderr } = await inProcess([
      ...["generate", SAMPLE_MODEL, "--bytes", "--prompt-file", broken, "--quiet"],
    ]);
    expect(stderr).toContain("broken.txt: found bytes that are no UTF-8");
  });

  it("a model that votes with itself, by either mean, writes what it writes alone", async () => {
    const write = async (...args: string[]) =>
      (await json("generate", SAMPLE_MODEL, "Tom sa", "--bytes", "--max-bytes", "6", ...args)).text;
    const alone = await write();
    for (const mean of ["arithmetic", "geometric"])
      expect(await write("--with", SAMPLE_MODEL, "--weights", "1,3", "--mean", mean)).toBe(alone);
  });
});

describe("generate", () => {
  it("refuses options that would have no effect", async () => {
    for (const [args, message] of [
      [["--max-bytes", "8"], /--max-bytes was given without --bytes/],
      [["--bytes", "--max-tokens", "8"], /--max-tokens was given with --bytes/],
      [["--bytes", "--dynamic", "big"], /--dynamic was given with --bytes/],
      [["--top-p", "0.9"], /--top-p was given, but nothing is drawn without --temperature/],
      [["--bytes", "--top-k", "3"], /--top-k was given, but nothing is drawn without --temperature/],
    ] as const) {
      const { code, stderr } = await inProcess(["generate", SAMPLE_MODEL, "Tom", ...args, "--quiet"]);
      expect(code).toBe(2);
      expect(stderr).toMatch(message);
    }
  });
});

describe("eval --with", () => {
  it("a model with itself scores as it does alone, with fitted weights of sum 1", async () => {
    const text = fileOf("text.txt", "Once upon a time, Tom saw a dog.");
    const alone = await json("eval", SAMPLE_MODEL, "--bytes", "--text", text);
    const together = await json("eval", ...VOTERS, "--text", text, "--fit-weights", text);
    const members = together.members as { bitsPerByte: number; weight: number }[];
    const expected = (alone.byteLevel as { bitsPerByte: number }).bitsPerByte;
    expect(together.bitsPerByte).toBeCloseTo(expected, 5);
    for (const { bitsPerByte } of members) expect(bitsPerByte).toBeCloseTo(expected, 5);
    expect(members.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
  });

  it("refuses options of one model, weights beside fitted ones, and a text that some tokenizer cannot write", async () => {
    const text = fileOf("short.txt", "Once upon");
    for (const [args, message] of [
      [["--stride", "8"], /--stride was given with --with/],
      [
        ["--weights", "1,2", "--fit-weights", text],
        /found --weights and --fit-weights, expected one of them/,
      ],
      [["--weights", "1,2,3"], /found 3 --weights for 2 models/],
    ] as const) {
      const { code, stderr } = await inProcess(["eval", ...VOTERS, "--text", text, ...args, "--quiet"]);
      expect(code).toBe(2);
      expect(stderr).toMatch(message);
    }
    const lonely = ["eval", SAMPLE_MODEL, "--bytes", "--text", text, "--fit-weights", text, "--quiet"];
    expect((await inProcess(lonely)).stderr).toContain("--fit-weights was given without --with");
    const special = fileOf("special.txt", "Once </s> upon");
    const { code, stderr } = await inProcess(["eval", ...VOTERS, "--text", special, "--quiet"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/special token <\/s>/);
  });
});
