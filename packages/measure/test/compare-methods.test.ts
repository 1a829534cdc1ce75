import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chainRuleEntry } from "@revocab/chain-rule";
import type { ProgressEvent, RowMethod } from "@revocab/core";
import { cw2vEntry } from "@revocab/cw2v";
import { METHODS, methodCandidates, methodNamed, random } from "@revocab/embedding-init";
import { bitsPerByteOf } from "@revocab/evaluation";
import { type CompareOptions, compareMethods, evaluateModel, labelOf } from "@revocab/measure";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { swapTokenizer } from "@revocab/transfer";
import { describe, expect, it } from "vitest";

const scratch = scratchFolders();
const inputs = { model: SAMPLE_MODEL, tokenizer: SAMPLE_TOKENIZER };
const sample = { ...inputs, text: SAMPLE_TEXT };

/** Every method but `hypernetwork`, which needs a file of its own. */
const CATALOG = { ...METHODS, "chain-rule": chainRuleEntry, cw2v: cw2vEntry };

/** Of chain-rule: from the two tokenizers alone, for to have the model write a text takes minutes. */
const BRIEF = { written: 0 };

const compare = (names: readonly string[] | "auto", options: Partial<CompareOptions> = {}) =>
  compareMethods({
    ...sample,
    choice: methodCandidates(names, names === "auto" ? BRIEF : {}, CATALOG),
    ...options,
  });

/** Left out wherever no word vectors and no text are given. */
const NEED_EVIDENCE = ["focus", "wechsel", "ofa", "trans-tokenization", "domain-types"];

/** Opens something for its rows, as a hypernetwork does its weights, unless it is open. */
function countedMethod() {
  const drawn = random();
  const counts = { opened: 0, closed: 0 };
  let isOpen = false;
  const method: RowMethod = {
    ...drawn,
    name: "counted",
    async prepare(context) {
      const { rows } = await drawn.prepare(context);
      return {
        rows(tokens, table) {
          if (!isOpen) counts.opened++;
          isOpen = true;
          return rows(tokens, table);
        },
      };
    },
    async close() {
      if (isOpen) counts.closed++;
      isOpen = false;
    },
  };
  return { counts, method };
}

describe("what a comparison says of a method", () => {
  // one thread: with two, the runtime may add up in another order
  it.each([
    { untie: true, seed: 3, job: { threads: 1 } },
    { untie: false, padToMultipleOf: 64, job: { threads: 1 } },
    { untie: false, role: "output", copyShared: false, job: { threads: 1 } },
  ] as const)("is what the model scores that a swap writes with it: %j", async (options) => {
    const names = options.untie ? "auto" : ["random", "mean", "subtoken-mean:weighting=byte-length"];
    const { methods, source, leftOut } = await compare(names, options);
    expect(leftOut.filter(({ name }) => !NEED_EVIDENCE.includes(name))).toEqual([]);
    expect(methods.length).toBe(options.untie ? 11 : 3);
    const own = await evaluateModel({ model: SAMPLE_MODEL, text: SAMPLE_TEXT, job: { threads: 1 } });
    expect(bitsPerByteOf(source)).toBe(bitsPerByteOf(own));
    const out = join(scratch(), "out");
    for (const method of methods) {
      const named = methodNamed(method.name, method.options, CATALOG);
      await swapTokenizer({ ...inputs, ...options, method: named, out, force: true });
      const written = await evaluateModel({ model: out, text: SAMPLE_TEXT, job: { threads: 1 } });
      const difference = Math.abs(bitsPerByteOf(written) - bitsPerByteOf(method.evaluation));
      expect(difference, labelOf(method)).toBeLessThan(1e-9);
      expect(method.evaluation).toMatchObject({ tokens: 603, bytes: 2236 });
    }
  });

  it("does not depend on the others, or on their order", async () => {
    const [one, two] = ["random", "subtoken-mean"];
    const both = await compare([one!, two!]);
    const turned = await compare([two!, one!]);
    const alone = await compare([two!]);
    for (const figures of [
      (index: number, of: typeof both) => of.methods[index]?.evaluation,
      (index: number, of: typeof both) => of.methods[index]?.leaveOut,
    ]) {
      expect(timeless(figures(0, turned))).toEqual(timeless(figures(1, both)));
      expect(timeless(figures(0, alone))).toEqual(timeless(figures(1, both)));
      expect(timeless(figures(1, turned))).toEqual(timeless(figures(0, both)));
    }
    expect([both.best, turned.best, alone.best]).toEqual([1, 0, 0]);
  });

  it("names as best the lowest, and of equals the first", async () => {
    // copying alone leaves the rest to the fallback, which is the mean
    const { methods, best } = await compare(["copy-overlap", "mean", "copy-overlap"]);
    expect(new Set(methods.map(({ evaluation }) => bitsPerByteOf(evaluation))).size).toBe(1);
    expect(best).toBe(0);
  });

  it("shows that a token of its own tokenizer costs nothing: a swap to it scores as the source", async () => {
    const { source, methods } = await compare(["mean"], { tokenizer: SAMPLE_MODEL });
    expect(bitsPerByteOf(methods[0]!.evaluation)).toBeCloseTo(bitsPerByteOf(source), 12);
  });
});

describe("a tied model", () => {
  it("leaves out the weightings whose rows differ by role, each with the reason", async () => {
    const { methods, leftOut } = await compare("auto");
    expect(methods.map(labelOf)).toEqual([
      ...["mean", "random", "univariate-normal", "multivariate-normal"],
      ...["subtoken-mean:weighting=uniform", "subtoken-mean:weighting=byte-length"],
    ]);
    const unfit = leftOut.filter(({ name }) => !NEED_EVIDENCE.includes(name));
    expect(unfit.map(({ name }) => name)).toEqual([
      ...["first-last", "front-loaded", "exponential", "head-byte-length:norms=calibrated"].map(
        (name) => `subtoken-mean:weighting=${name}`,
      ),
      "chain-rule:written=0",
    ]);
    for (const { reason } of unfit) expect(reason).toMatch(/this model is tied: one row serves both/);
  });

  it("with a role for both tries them all", async () => {
    const { methods, leftOut } = await compare("auto", { role: "output" });
    expect(leftOut.filter(({ name }) => !NEED_EVIDENCE.includes(name))).toEqual([]);
    expect(methods).toHaveLength(11);
  });

  it("with none that can be tried is told so", async () => {
    await expect(compare(["subtoken-mean:weighting=first-last"])).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(/none of 1 methods .*first-last: subtoken-mean gives .* tied/),
      hint: expect.stringContaining("`untie`"),
    });
  });
});

describe("a comparison", () => {
  it("opens a method that candidates share once, closes it once, and leaves it usable", async () => {
    const { counts, method } = countedMethod();
    const choice = {
      candidates: ["one", "two"].map((name) => ({ name, options: {}, method })),
      leftOut: [],
    };
    await compareMethods({ ...sample, choice, fallback: method });
    expect(counts).toEqual({ opened: 1, closed: 1 });

    const contest = { kind: "contest", choice, scoring: { text: SAMPLE_TEXT } } as const;
    await swapTokenizer({ ...inputs, method: contest, fallback: method, out: join(scratch(), "out") });
    expect(counts).toEqual({ opened: 3, closed: 3 });
  });

  it("writes nothing, and tells of each method under its name", async () => {
    const folder = scratch();
    const model = join(folder, "model");
    cpSync(SAMPLE_MODEL, model, { recursive: true });
    const before = contentOf(folder);
    const events: ProgressEvent[] = [];
    await compare(["mean", "subtoken-mean"], { model, job: { onProgress: (event) => events.push(event) } });
    expect(contentOf(folder)).toEqual(before);
    const scored = events.filter(({ step }) => step.endsWith(": score")).map(({ step }) => step);
    expect([...new Set(scored)]).toEqual(["source model: score", "mean: score", "subtoken-mean: score"]);
  });

  it("stops when it is told to, wherever it is", async () => {
    const events: ProgressEvent[] = [];
    await compare(["mean"], { job: { onProgress: (event) => events.push(event) } });
    for (const stop of [0, Math.floor(events.length / 2), events.length - 2]) {
      const abort = new AbortController();
      let seen = 0;
      const stopped = compare(["mean", "random"], {
        job: {
          abortSignal: abort.signal,
          onProgress: () => {
            if (seen++ === stop) abort.abort();
          },
        },
      });
      await expect(stopped).rejects.toMatchObject({ code: "aborted" });
    }
  });

  it("does not take a damaged model for a method that cannot be tried", async () => {
    const model = join(scratch(), "model");
    cpSync(SAMPLE_MODEL, model, { recursive: true });
    const config = join(model, "config.json");
    const json = JSON.parse(readFileSync(config, "utf8")) as object;
    writeFileSync(config, JSON.stringify({ ...json, num_hidden_layers: 5 }));
    await expect(compare(["mean"], { model })).rejects.toMatchObject({
      code: "unsupported_checkpoint",
      message: expect.stringContaining("model.layers.4."),
    });
  });
});

/** Without what depends on the machine. */
function timeless(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner) => (/[sS]econds?$/.test(key) ? undefined : inner)));
}
