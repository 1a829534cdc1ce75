import { join } from "node:path";
import { chainRule, chainRuleEntry } from "@revocab/chain-rule";
import { type ProgressEvent, RevocabError } from "@revocab/core";
import { METHODS, methodCandidates, subtokenMean } from "@revocab/embedding-init";
import { compareMethods, evaluateDynamic, evaluateModel, generateText } from "@revocab/measure";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { swapTokenizer } from "@revocab/transfer";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

const scratch = scratchFolders();
const text = SAMPLE_TEXT;

/** A bound that one part of the sample model fits into, and all of it does not. */
let memory = 0;

beforeAll(async () => {
  // what else is in memory differs from moment to moment, by more than the model takes
  vi.spyOn(process.memoryUsage, "rss").mockReturnValue(100e6);
  const error = await evaluateModel({ model: SAMPLE_MODEL, text, job: { memory: 1 } }).catch(
    (cause) => cause,
  );
  expect(error).toBeInstanceOf(RevocabError);
  memory = 1e6 * Number(/takes at least (\d+) MB/.exec((error as RevocabError).message)?.[1]);
});
afterAll(() => vi.restoreAllMocks());

/** What the work says of how it runs the model, and its result. */
async function heard<Result>(work: (job: { onProgress: (event: ProgressEvent) => void }) => Promise<Result>) {
  const notes: string[] = [];
  const onProgress = (event: ProgressEvent) => {
    if (event.type === "note") notes.push(event.message);
  };
  return { result: await work({ onProgress }), notes };
}

const timeless = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, inner) => (/[sS]econds?$/.test(key) ? undefined : inner)));

describe("in little memory", () => {
  it("a model has the score that it has whole, by bytes too", async () => {
    const score = (bound?: number) =>
      heard((job) =>
        evaluateModel({ model: SAMPLE_MODEL, text, byteLevel: true, job: { ...job, memory: bound } }),
      );
    const [whole, layered] = [await score(), await score(memory)];
    expect(whole.notes[0]).toMatch(/^whole: /);
    expect(layered.notes[0]).toMatch(/^layer by layer: /);
    expect(timeless(layered.result)).toEqual(timeless(whole.result));
  });

  it("merged tokens have the scores that they have whole, after prompts too", async () => {
    const score = (bound?: number) =>
      evaluateDynamic({
        ...{ model: SAMPLE_MODEL, text, rows: { method: subtokenMean({ weighting: "uniform" }) } },
        ...{ degrees: [{ merges: 5 }, { merges: 20 }], prefill: true, job: { memory: bound } },
      });
    expect(timeless(await score(memory))).toEqual(timeless(await score()));
  });

  it("methods compare as they do whole", async () => {
    const catalog = { ...METHODS, "chain-rule": chainRuleEntry };
    const names = ["mean", "subtoken-mean", "chain-rule:correction=map"];
    const choice = () => methodCandidates(names, { text }, catalog);
    const compare = (bound?: number) =>
      compareMethods({
        ...{ model: SAMPLE_MODEL, tokenizer: SAMPLE_TOKENIZER, text, untie: true },
        choice: choice(),
        job: { memory: bound },
      });
    expect(timeless(await compare(memory))).toEqual(timeless(await compare()));
  });

  it("chain-rule with a text writes the model that it writes whole", async () => {
    const swap = async (bound?: number) => {
      const out = join(scratch(), "out");
      const method = chainRule({ text, correction: "map" });
      const paths = { model: SAMPLE_MODEL, tokenizer: SAMPLE_TOKENIZER, out };
      await swapTokenizer({ ...paths, method, untie: true, job: { memory: bound } });
      return contentOf(out);
    };
    expect(await swap(memory)).toEqual(await swap());
  });

  it("a model writes no text, and chain-rule without one says what it can do", async () => {
    await expect(
      generateText({ model: SAMPLE_MODEL, prompt: "Once", job: { memory } }),
    ).rejects.toMatchObject({
      code: "not_enough_memory",
      message: expect.stringMatching(/in memory whole: that takes \d+ MB/),
    });
    const out = join(scratch(), "out");
    const swap = swapTokenizer({
      ...{ model: SAMPLE_MODEL, tokenizer: SAMPLE_TOKENIZER, out },
      ...{ method: chainRule(), untie: true, job: { memory } },
    });
    await expect(swap).rejects.toMatchObject({
      code: "not_enough_memory",
      hint: expect.stringMatching(/`text: FILE`.*`with: written=0`/),
    });
  });
});
