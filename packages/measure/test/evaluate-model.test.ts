import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bitsPerByteOf } from "@revocab/evaluation";
import { evaluateModel } from "@revocab/measure";
import { scratchFolders } from "@revocab/test-support/folders";
import { MASKED_MODEL, writeMaskedModel } from "@revocab/test-support/masked-model";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";

const scratch = scratchFolders();
const sample = { model: SAMPLE_MODEL, text: SAMPLE_TEXT };

function maskedModel(): string {
  const folder = join(scratch(), "bert");
  writeMaskedModel(folder);
  return folder;
}

describe("evaluateModel", () => {
  // python tools/oracle/bits_per_byte.py sample/model --text sample/stories.txt --max-bytes 1000000 --json --by-token 5
  it("says what each token cost, as the reference library does", async () => {
    const { byToken, ...evaluation } = await evaluateModel({ ...sample, byToken: true });
    const reference = [
      [202, 16, 108.89864241021938],
      [15, 24, 74.26867586457746],
      [268, 24, 67.52000838910628],
      [17, 46, 59.568115246733804],
      [985, 5, 54.22811312097332],
    ] as const;
    expect(byToken!.tokens.slice(0, 5)).toMatchObject(
      reference.map(([id, count, bits]) => ({ id, count, bits: expect.closeTo(bits, 3) })),
    );
    expect(byToken!.bits).toBeCloseTo(bitsPerByteOf(evaluation) * 2236, 6);
    expect(byToken!.documents).toHaveLength(5);
    expect(await evaluateModel(sample)).not.toHaveProperty("byToken");
  });

  it("passes on how the text is read, split and scored", async () => {
    expect(
      await evaluateModel({
        ...sample,
        ...{ context: 32, stride: 16, maxBytes: 600, split: "none", bos: "never", job: { threads: 1 } },
      }),
    ).toMatchObject({
      ...{ documents: 1, bytes: 600, context: 32, stride: 16, bos: null },
      notes: [expect.stringMatching(/^the text is longer than 600 bytes, so it is cut/)],
    });
    expect(await evaluateModel({ ...sample, bos: "always" })).toMatchObject({
      documents: 5,
      bos: "<s>",
      context: 256,
      stride: 255,
    });
  });

  it("of a masked model is a pseudo-likelihood, called so, of a sample that the seed decides", async () => {
    const model = maskedModel();
    const text = join(scratch(), "text.txt");
    writeFileSync(text, "abcdefghijklmnopqrstuvwxyz".repeat(4));
    const score = async (samplesSeed: number) => {
      const result = await evaluateModel({ model, text, context: 16, samples: 20, samplesSeed });
      if (result.kind !== "pseudo-likelihood") throw new Error(`a masked model was scored as ${result.kind}`);
      return result;
    };
    const [first, again, other] = [await score(1), await score(1), await score(2)];
    expect(first).toMatchObject({ sampledTokens: 20, documents: 1, bytes: 104 });
    expect(again.pseudoBitsPerByte).toBe(first.pseudoBitsPerByte);
    expect(other.pseudoBitsPerByte).not.toBe(first.pseudoBitsPerByte);
    expect(first).not.toHaveProperty("bitsPerByte");
  });

  it("says of a text it cannot write what that hides", async () => {
    const text = join(scratch(), "text.txt");
    writeFileSync(text, "abc ä def");
    const { unknownTokens, notes } = await evaluateModel({ model: maskedModel(), text });
    expect(unknownTokens.count).toBeGreaterThan(0);
    expect(notes.join()).toMatch(/unk/i);
  });

  it.each<[string, Parameters<typeof evaluateModel>[0], string]>([
    ["a text that is not there", { ...sample, text: "/does/not/exist" }, "missing_file"],
    ["a model that is not there", { ...sample, model: "/does/not/exist" }, "missing_file"],
    ["a context beyond the model's", { ...sample, context: 257 }, "context_too_long"],
    ["a context of a part of a token", { ...sample, context: 10.5 }, "bad_options"],
    ["a stride of nothing", { ...sample, stride: 0 }, "bad_options"],
    ["no threads", { ...sample, job: { threads: 0 } }, "bad_options"],
    ["a signal that was raised before", { ...sample, job: { abortSignal: AbortSignal.abort() } }, "aborted"],
  ])("refuses %s", async (_, options, code) => {
    await expect(evaluateModel(options)).rejects.toMatchObject({ name: "RevocabError", code });
  });

  it("refuses a tokenizer with ids the model has no row for", async () => {
    const model = join(scratch(), "model");
    cpSync(MASKED_MODEL, model, { recursive: true });
    cpSync(join(SAMPLE_MODEL, "tokenizer.json"), join(model, "tokenizer.json"));
    await expect(evaluateModel({ ...sample, model })).rejects.toMatchObject({ code: "shape_mismatch" });
  });

  it.skipIf(!existsSync("/proc/self/fd"))("leaves no file open, done or failed", async () => {
    const damaged = join(scratch(), "model");
    cpSync(SAMPLE_MODEL, damaged, { recursive: true });
    const config = join(damaged, "config.json");
    writeFileSync(
      config,
      readFileSync(config, "utf8").replace('"num_hidden_layers": 4', '"num_hidden_layers": 5'),
    );
    await evaluateModel(sample);
    const open = () => readdirSync("/proc/self/fd").length;
    const before = open();
    for (let i = 0; i < 3; i++) {
      await evaluateModel(sample);
      await expect(evaluateModel({ ...sample, model: damaged })).rejects.toThrow("model.layers.4.");
      await expect(evaluateModel({ ...sample, context: 257 })).rejects.toThrow("257");
    }
    expect(open()).toBeLessThanOrEqual(before);
  });
});
