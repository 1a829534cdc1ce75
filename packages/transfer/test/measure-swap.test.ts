import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProgressEvent } from "@revocab/core";
import { random, subtokenMean } from "@revocab/embedding-init";
import { bitsPerByteOf } from "@revocab/evaluation";
import { evaluateModel, measureSwap } from "@revocab/measure";
import { openModel } from "@revocab/plan";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { swapTokenizer } from "@revocab/transfer";
import { describe, expect, it } from "vitest";

const scratch = scratchFolders();
const inputs = { model: SAMPLE_MODEL, tokenizer: SAMPLE_TOKENIZER, method: subtokenMean() };
const stories = readFileSync(SAMPLE_TEXT, "utf8");

describe("a measured swap", () => {
  it("says before what the source scores, after what the written folder scores, and on what text", async () => {
    const out = join(scratch(), "out");
    const { evaluation } = await swapTokenizer({ ...inputs, out, evaluate: { text: SAMPLE_TEXT } });
    const before = await evaluateModel({ model: SAMPLE_MODEL, text: SAMPLE_TEXT });
    const after = await evaluateModel({ model: out, text: SAMPLE_TEXT });
    expect(bitsPerByteOf(evaluation!.before)).toBeCloseTo(bitsPerByteOf(before), 9);
    expect(bitsPerByteOf(evaluation!.after)).toBeCloseTo(bitsPerByteOf(after), 9);
    const documents = stories
      .split("<|endoftext|>")
      .map((document) => document.trim())
      .filter((document) => document !== "");
    expect(evaluation!.text).toEqual({
      name: "stories.txt",
      documents: 5,
      bytes: 2236,
      boundary: "endoftext",
      sha256: createHash("sha256")
        .update(documents.map((document) => `${document}\0`).join(""))
        .digest("hex"),
      notes: [],
    });
  });

  it("scores both by the same options, and says so of each", async () => {
    const evaluate = { text: SAMPLE_TEXT, context: 64, stride: 32, maxBytes: 1000, bos: "never" } as const;
    const { evaluation } = await swapTokenizer({ ...inputs, out: join(scratch(), "out"), evaluate });
    for (const measured of [evaluation!.before, evaluation!.after])
      expect(measured).toMatchObject({ context: 64, stride: 32, bytes: 960, documents: 2, bos: null });
  });

  it("writes what the same swap unmeasured writes, but for the report and the card", async () => {
    const folder = scratch();
    const [plain, measured] = [join(folder, "plain"), join(folder, "measured")];
    await swapTokenizer({ ...inputs, out: plain });
    await swapTokenizer({ ...inputs, out: measured, evaluate: { text: SAMPLE_TEXT } });
    const others = (of: string) => {
      const { "revocab.json": report, "README.md": card, ...rest } = contentOf(of);
      expect([report, card]).toEqual([expect.any(String), expect.any(String)]);
      return rest;
    };
    expect(others(measured)).toEqual(others(plain));
    const read = (of: string) => JSON.parse(readFileSync(join(of, "revocab.json"), "utf8")) as object;
    expect(read(plain)).toMatchObject({ evaluation: null, comparison: null });
    expect({ ...read(measured), evaluation: null }).toEqual(read(plain));
    expect(readFileSync(join(measured, "revocab.json"), "utf8")).not.toMatch(
      /"(seconds|rowSeconds|tokensPerSecond)"/,
    );
  });

  it("tells its progress as before and after", async () => {
    const events: ProgressEvent[] = [];
    await swapTokenizer({
      ...inputs,
      out: join(scratch(), "out"),
      evaluate: { text: SAMPLE_TEXT },
      job: { onProgress: (event) => events.push(event) },
    });
    const steps = events.map(({ step }) => step);
    const order = ["before: score", "write", "check", "after: score"].map((step) => steps.indexOf(step));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order[0]).toBeGreaterThanOrEqual(0);
    expect(events.findLast(({ step }) => step === "after: score")).toMatchObject({ done: 603, total: 603 });
  });

  it("that fails in the written model leaves nothing, and speaks of the output, not of where it was made", async () => {
    const folder = scratch();
    const out = join(folder, "out");
    const swap = swapTokenizer({
      ...inputs,
      method: random({ standardDeviation: 1e37 }),
      out,
      evaluate: { text: SAMPLE_TEXT },
    });
    const error = await swap.then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect(error).toMatchObject({ code: "not_finite" });
    expect(error?.message).toContain(out);
    expect(error?.message).not.toMatch(/revocab-partial/);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("measureSwap", () => {
  it("reads the text once: both scores are of the same documents, whatever becomes of the file", async () => {
    const folder = scratch();
    const text = join(folder, "text.txt");
    writeFileSync(text, stories);
    const model = await openModel(SAMPLE_MODEL);
    try {
      const measuring = await measureSwap(model, { text });
      rmSync(text);
      const { before, after } = await measuring.finish(SAMPLE_MODEL);
      expect(bitsPerByteOf(after)).toBeCloseTo(bitsPerByteOf(before), 12);
    } finally {
      await model.close();
    }
  });

  it("finds the tensors of the written model as it found those of the source", async () => {
    const folder = join(scratch(), "model");
    cpSync(SAMPLE_MODEL, folder, { recursive: true });
    renameTable(join(folder, "model.safetensors"), "model.embed_tokens.weight", "model.words.weight");
    const options = { vocabularyTensors: { "model.words.weight": "input" } };
    const model = await openModel(folder, options);
    try {
      const measuring = await measureSwap(model, { text: SAMPLE_TEXT });
      const { before, after } = await measuring.finish(folder);
      expect(bitsPerByteOf(before)).toBeCloseTo(1.3201, 4);
      expect(bitsPerByteOf(after)).toBeCloseTo(bitsPerByteOf(before), 12);
    } finally {
      await model.close();
    }
  });
});

function renameTable(path: string, from: string, to: string): void {
  const file = readFileSync(path);
  const end = 8 + Number(file.readBigUInt64LE(0));
  const header = file.subarray(8, end).toString().replace(`"${from}"`, `"${to}"`);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  writeFileSync(path, Buffer.concat([length, Buffer.from(header), file.subarray(end)]));
}
