import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { subtokenMean } from "@revocab/embedding-init";
import { bitsPerByteOf } from "@revocab/evaluation";
import { type DynamicScoringOptions, evaluateDynamic, evaluateModel } from "@revocab/measure";
import { failure } from "@revocab/test-support/failure";
import { scratchFolders } from "@revocab/test-support/folders";
import { writeMaskedModel } from "@revocab/test-support/masked-model";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";

const scratch = scratchFolders();
const HYPERNETWORK = join(SAMPLE_MODEL, "../hypernetwork");
const sample = { model: SAMPLE_MODEL, text: SAMPLE_TEXT };
const rows = { method: subtokenMean({ weighting: "uniform" }) };
const evaluate = (options: Partial<DynamicScoringOptions>) =>
  evaluateDynamic({ ...sample, rows, degrees: [{ reduction: 0.1 }], ...options });

describe("evaluateDynamic", () => {
  it("scores the model's own tokens, and fewer merged ones of the same bytes", async () => {
    const degrees = [{ reduction: 0.05 }, { reduction: 0.1 }, { merges: 7 }];
    const { own, reduced, text } = await evaluate({ degrees });
    const { seconds, tokensPerSecond, ...expected } = await evaluateModel(sample);
    expect(own).toMatchObject({
      ...expected,
      bitsPerByte: expect.closeTo(bitsPerByteOf(expected as typeof own), 6),
    });
    expect(text).toEqual({ bytes: own.bytes, documents: 5 });
    const [few, more, seven] = reduced;
    for (const [i, share] of [0.05, 0.1].entries()) {
      const { evaluation, reduction, merges, newTokens } = reduced[i];
      expect(evaluation.bytes).toBe(own.bytes);
      expect(reduction).toBeGreaterThanOrEqual(share);
      expect(reduction).toBeLessThan(share + 0.02);
      expect(evaluation.tokens).toBe(Math.round(own.tokens * (1 - reduction)));
      expect(newTokens).toBe(merges);
    }
    expect(seven.merges).toBe(7);
    expect(more.merges).toBeGreaterThan(few.merges);
    // untrained rows cost something
    expect(bitsPerByteOf(more.evaluation)).toBeGreaterThan(bitsPerByteOf(own));
  });

  it("says what it takes to tell the merges of the text itself, and nothing for those of another text", async () => {
    const degrees = [{ merges: 10 }];
    const [{ mergeBitsPerByte }] = (await evaluate({ degrees })).reduced;
    expect(mergeBitsPerByte).toBeCloseTo((20 * Math.log2(1285)) / 2236, 3);
    const other = join(scratch(), "other.txt");
    writeFileSync(other, "The grasshopper saw the butterfly. The butterfly saw the grasshopper.");
    const found = await evaluate({ degrees: [{ merges: 5 }], mergesText: other });
    expect(found.mergesText).toBe("other.txt");
    expect(found.reduced[0]).toMatchObject({ merges: 5, mergeBitsPerByte: 0 });
    expect(found.notes).toEqual([]);
    const { notes } = await evaluate({ degrees: [{ merges: 1 }], mergesText: SAMPLE_TEXT, maxBytes: 300 });
    const [cut, learned] = notes;
    expect(cut).toContain("is longer than 300 bytes");
    expect(learned).toBe(`text to learn merges from: ${cut}`);
  });

  it("without merges is the model itself where its rows are kept", async () => {
    const { own, reduced } = await evaluate({ degrees: [{ merges: 0 }] });
    const { seconds, tokensPerSecond, ...expected } = own as typeof own & {
      readonly tokensPerSecond: number;
    };
    expect(reduced[0]).toMatchObject({ merges: 0, newTokens: 0, reduction: 0, evaluation: expected });
  });

  it("with a hypernetwork costs less than with the mean of pieces", async () => {
    const degrees = [{ reduction: 0.1 }];
    const [mean] = (await evaluate({ degrees })).reduced;
    const [predicted] = (await evaluate({ degrees, rows: { hypernetwork: HYPERNETWORK } })).reduced;
    expect(predicted.evaluation.tokens).toBe(mean.evaluation.tokens);
    expect(bitsPerByteOf(predicted.evaluation)).toBeLessThan(bitsPerByteOf(mean.evaluation));
  });

  it("says how far all merges come where a reduction cannot be reached, and is refused where none can", async () => {
    const far =
      "`reduction: 90%` cannot be reached: the 76 merges that can be made leave 575 of 672 tokens, a reduction of 14.43%";
    const { code, message } = await failure(evaluate({ degrees: [{ reduction: 0.9 }] }));
    expect([code, message]).toEqual(["bad_options", far]);
    const { reduced, notes } = await evaluate({ degrees: [{ reduction: 0.9 }, { merges: 3 }] });
    expect(reduced.map(({ degree }) => degree)).toEqual([{ merges: 3 }]);
    expect(notes).toEqual([far]);
  });

  it("scores what follows prompts in fewer tokens, in the model's own", async () => {
    const { prefill, reduced } = await evaluate({ degrees: [{ merges: 0 }, { merges: 40 }], prefill: true });
    expect(reduced[0].prefill).toEqual(prefill);
    const [own, shorter] = [prefill!, reduced[1].prefill!];
    expect(shorter.bytes).toBe(own.bytes);
    expect(shorter.promptTokens).toBeLessThan(own.promptTokens);
    expect(shorter.bitsPerByte).not.toBe(own.bitsPerByte);
    expect(shorter.bitsPerByte / own.bitsPerByte).toBeLessThan(1.05);
  });

  it("of a masked model is a pseudo-likelihood, and has no prompts", async () => {
    const model = join(scratch(), "bert");
    writeMaskedModel(model);
    const text = join(scratch(), "text.txt");
    writeFileSync(text, "abcdefghijklmnopqrstuvwxyz".repeat(4));
    const masked = {
      model,
      text,
      context: 16,
      samples: 20,
      boundaries: "none",
      degrees: [{ merges: 2 }],
    } as const;
    const { own, reduced } = await evaluate(masked);
    expect([own, reduced[0].evaluation]).toMatchObject([
      { kind: "pseudo-likelihood", tokens: 104 },
      { kind: "pseudo-likelihood", tokens: 104 - 2 * 4 },
    ]);
    expect((await failure(evaluate({ ...masked, prefill: true }))).message).toContain(
      "`prefill` was asked for",
    );
  });

  it("refuses an empty text", async () => {
    const empty = join(scratch(), "empty.txt");
    writeFileSync(empty, "\n");
    expect((await failure(evaluate({ text: empty }))).code).toBe("bad_text");
  });
});
