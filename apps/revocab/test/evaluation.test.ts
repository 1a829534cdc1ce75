import { join } from "node:path";
import { realData as data } from "@revocab/test-support/real-data";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { revocab } from "./revocab.ts";

const sample = ["eval", SAMPLE_MODEL, "--text", SAMPLE_TEXT];

/** The lines of a printed result as name and value. */
function figuresOf(stdout: string): Record<string, string> {
  return Object.fromEntries(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.trim().split(/ {2,}/) as [string, string]),
  );
}

async function json(args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await inProcess([...args, "--json", "--quiet"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe("revocab eval", () => {
  it("prints bits per byte, bytes per token, tokens and seconds, and how far it is on stderr", async () => {
    const { code, stdout, stderr } = await revocab(sample);
    expect(code).toBe(0);
    expect(figuresOf(stdout)).toEqual({
      "bits per byte": "1.3201",
      "bits per token": "4.393",
      "bytes per token": "3.327",
      tokens: "672",
      context: "256",
      text: "2,236 bytes in 5 documents",
      seconds: expect.stringMatching(/^\d+\.\d$/),
    });
    expect(stderr).toContain("score: 672 of 672 tokens\n");
    expect(stderr).not.toMatch(/\r|█|note/);
  });

  it("in f16 gives the bits per byte of f32 to three digits, and says how far the logits differ", async () => {
    const { code, stdout, stderr } = await revocab([...sample, "--dtype", "f16"]);
    expect(code).toBe(0);
    expect(Number(figuresOf(stdout)["bits per byte"])).toBeCloseTo(1.3201, 3);
    expect(stderr).toMatch(
      /the logits in f16 on cpu differ from those in f32 on cpu by up to [\d.]+, [\d.]+ % of/,
    );
  });

  it("with --bytes prints the score by bytes too, which is no worse than that by tokens", async () => {
    const { stdout } = await inProcess([...sample, "--bytes", "--quiet"]);
    expect(stdout).toContain("By bytes: the sum over all ways to write the text in tokens\n");
    const { byteLevel, bitsPerByte } = (await json([...sample, "--bytes"])) as {
      bitsPerByte: number;
      byteLevel: { bitsPerByte: number; tokenBitsPerByte: number; invalidMass: number };
    };
    expect(byteLevel.tokenBitsPerByte).toBeCloseTo(bitsPerByte, 5);
    expect(byteLevel.bitsPerByte).toBeLessThan(byteLevel.tokenBitsPerByte);
    expect(byteLevel.bitsPerByte).toBeGreaterThan(0.99 * byteLevel.tokenBitsPerByte);
    expect(byteLevel.invalidMass).toBeGreaterThan(0);
    expect(byteLevel.invalidMass).toBeLessThan(0.01);
  });

  // python tools/oracle/bits_per_byte.py sample/model --text sample/stories.txt --max-bytes 1000000 --json [--context 64]
  it.each([
    [[], 1.3201270433655694],
    [["--context", "64"], 1.3543626070067616],
  ])("with %j says with --json what the reference library says", async (options, bitsPerByte) => {
    const result = await json([...sample, ...options]);
    expect(Math.abs((result.bitsPerByte as number) / bitsPerByte - 1)).toBeLessThan(1e-5);
    expect(result).toMatchObject({
      kind: "bits-per-byte",
      documents: 5,
      bytes: 2236,
      tokens: 672,
      scoredTokens: 672,
      bos: "<s>",
      unknownTokens: { count: 0 },
      notes: [],
    });
  });

  it("splits, cuts and opens documents as asked, and says what it cut", async () => {
    expect(await json([...sample, "--documents", "blank-lines"])).toMatchObject({ documents: 9 });
    expect(await json([...sample, "--max-bytes", "1000"])).toMatchObject({ documents: 2, bytes: 960 });
    expect(await json([...sample, "--bos", "never"])).toMatchObject({ bos: null, scoredTokens: 667 });
    const cut = await inProcess([...sample, "--documents", "none", "--max-bytes", "300", "--quiet"]);
    expect(figuresOf(cut.stdout).text).toBe("300 bytes in 1 document");
    expect(cut.stdout).toContain("note: the text is longer than 300 bytes");
  });
});

describe.skipIf(data === undefined)("revocab eval on real models", () => {
  // figures of tools/oracle/bits_per_byte.py
  it.each([
    ["stories260k", "tinystories", ["--max-bytes", "150000"], 1.0745],
    [
      "shakespeare-char",
      "shakespeare",
      ["--documents", "none", "--max-bytes", "100000", "--context", "96"],
      2.698,
    ],
  ])("%s on %s with %j scores what the reference library scores", async (model, text, options, expected) => {
    const result = await json([
      ...["eval", join(data!, "models", model), "--text", join(data!, "text", `${text}.txt`)],
      ...options,
    ]);
    expect(Math.abs((result.bitsPerByte as number) / expected - 1)).toBeLessThan(0.002);
  });
});

// the text of `tools/oracle/bits_per_byte.py sample/model … --generate "Once upon a time"`
const STORY =
  "Once upon a time, there was a little girl named Lily. She loved to play outside in the park with her friends. " +
  "One day, she went to the park with her mom. She saw a big, red ball, and a ball. She wanted to play with it.\n" +
  "Lily was very sad. She wanted";

describe("revocab generate", () => {
  const generate = (prompt: string, ...more: string[]) =>
    inProcess(["generate", SAMPLE_MODEL, prompt, ...more]);

  it("continues a text greedily as the reference library does, and prints nothing else", async () => {
    expect(await revocab(["generate", SAMPLE_MODEL, "Once upon a time"])).toMatchObject({
      code: 0,
      stdout: `${STORY}\n`,
      stderr: "",
    });
  });

  it("with --json gives the tokens too, and why it stopped", async () => {
    const { code, stdout } = await generate("Once upon a time", "--json", "--max-tokens", "5");
    expect(code).toBe(0);
    const { text, tokens, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
    expect(STORY.startsWith(text as string)).toBe(true);
    expect(tokens).toHaveLength(5);
    expect(rest).toMatchObject({ endedBy: "length", notes: [], tokensPerSecond: expect.any(Number) });
  });

  it("draws the same text for the same seed, another for another, and 0 by default", async () => {
    const draw = async (...more: string[]) =>
      (await generate("Tom saw", "--temperature", "1", "--max-tokens", "20", ...more)).stdout;
    const [first, again, other] = await Promise.all([draw(), draw("--seed", "0"), draw("--seed", "1")]);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    expect(other).toMatch(/^Tom saw/);
  });

  it("gives characters of several bytes and tokens back whole", async () => {
    const { code, stdout, stderr } = await generate("Ein Café 🙂 für zwei – 東京", "--max-tokens", "3");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Ein Café 🙂 für zwei – 東京/);
    expect(stdout).not.toContain("\ufffd");
  });

  it("stops where the model's context is full, and says so on a line of its own", async () => {
    const { code, stdout, stderr } = await generate("Once upon a time", "--max-tokens", "1000");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "note: the model's context of 256 tokens is full\n",
    });
    expect(stdout.startsWith(STORY)).toBe(true);
  });
});
