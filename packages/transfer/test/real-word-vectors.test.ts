import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { methodNamed, subtokenMean } from "@revocab/embedding-init";
import { bitsPerByteOf } from "@revocab/evaluation";
import { evaluateModel } from "@revocab/measure";
import { explainToken, findToken, makePlan, openModel, summarizePlan } from "@revocab/plan";
import { contentOf } from "@revocab/test-support/folders";
import { realData as data } from "@revocab/test-support/real-data";
import { SAMPLE_MODEL } from "@revocab/test-support/sample";
import { applyPlan, planTokenizerSwap, swapTokenizer } from "@revocab/transfer";
import { loadTokenizer } from "@revocab/vocabulary";
import { trainWordVectors, writeFastText } from "@revocab/word-vectors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

let folder: string;
const at = (name: string) => join(folder, name);
const real = (...path: string[]) => join(data!, ...path);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "revocab-word-vectors-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Vectors of the captions' words, punctuation set apart; on one thread, so that every run has the same ones. */
async function trainOnCaptions(language: string): Promise<void> {
  const text = readFileSync(real("text", `multi30k.${language}.txt`), "utf8");
  writeFileSync(at(`${language}.txt`), text.replace(/[.,!?;:"()]/g, " $& "));
  const model = await trainWordVectors({
    documents: at(`${language}.txt`),
    ...{ model: "skipgram", dimension: 50, buckets: 50_000, epochs: 8, job: { threads: 1 }, seed: 0 },
  });
  await writeFastText(at(`${language}.bin`), model);
}

describe.skipIf(data === undefined)("English to German by word vectors of 29,000 captions", () => {
  const german = join(data ?? "", "tokenizers", "de-bpe-50k");
  const method = (name: string) =>
    methodNamed(name, {
      "source-vectors": at("en.bin"),
      "target-vectors": at("de.bin"),
      dictionary: real("dictionaries", "english-german.txt"),
    });

  beforeAll(() => Promise.all(["en", "de"].map(trainOnCaptions)));

  it("wechsel makes ' Hund' of ' dog' above all, every row finite, and counts what came from where", async () => {
    const model = await openModel(SAMPLE_MODEL);
    try {
      const tokenizer = await loadTokenizer(german);
      const { plan } = await makePlan({ model, tokenizer, method: method("wechsel") });
      const [hund] = explainToken(plan, await findToken(plan, " Hund")).tables;
      expect(hund).toMatchObject({ origin: "wechsel", sum: { length: 10 } });
      expect(hund!.sum[0]!.token).toBe(" dog");

      const { tables, recipe, notes } = await applyPlan({ plan, model, out: at("german") });
      expect(tables).toEqual([{ slot: "input", role: "input", origins: expect.anything() }]);
      const { origins } = tables[0]!;
      expect(Object.keys(origins).sort()).toEqual(["copy-overlap", "mean", "wechsel"]);
      expect(Object.values(origins).reduce((sum, count) => sum + count)).toBe(50_000);
      // the same as in any swap of these two, whatever fills the other rows
      expect(origins["copy-overlap"]).toBe(809);
      // the others have no n-gram that a word of the captions has
      expect(origins.wechsel).toBeGreaterThan(45_000);
      expect(origins.wechsel).toBeLessThan(48_000);
      expect(recipe.methods[1]).toEqual({
        name: "wechsel",
        paper: "https://arxiv.org/abs/2112.06598",
        options: {
          ...{ "source-vectors": "en.bin", "target-vectors": "de.bin", dictionary: "english-german.txt" },
          ...{ neighbors: 10, temperature: 0.1 },
        },
      });
      const report = readFileSync(at("german/revocab.json"), "utf8");
      expect(report).not.toContain(folder);
      expect(report).not.toContain(data);
      expect(notes.join("\n")).toMatch(
        /^of 60708 pairs in the dictionary, the source vectors know \d{4}, the target vectors \d{4}, and both \d{4}$/m,
      );
    } finally {
      await model.close();
    }
  });

  it("ofa makes it of ' dog' too, by the words that are written with it", async () => {
    const { plan } = await planTokenizerSwap({
      model: SAMPLE_MODEL,
      tokenizer: german,
      method: method("ofa"),
    });
    const [hund] = explainToken(plan, await findToken(plan, " Hund")).tables;
    expect(hund).toMatchObject({ origin: "ofa", sum: { length: 10 } });
    expect(hund!.sum[0]!.token).toBe(" dog");
    const { origins } = summarizePlan(plan).tables[0]!;
    expect(origins["copy-overlap"]).toBe(809);
    // no more tokens are written with than the words of the captions need
    expect(origins.ofa).toBeGreaterThan(1_000);
    expect(origins.ofa).toBeLessThan(10_000);
  });
});

describe.skipIf(data === undefined)("focus on text, from stories260k to a byte-level BPE of 1,024", () => {
  const text = join(data ?? "", "text", "tinystories.txt");

  it("is the same twice to the byte, report and all, and costs less than the reference's 4.29 bits per byte", async () => {
    const outs = ["once", "twice"].map((name) => join(at(name), "model"));
    for (const out of outs) {
      mkdirSync(dirname(out));
      const report = await swapTokenizer({
        model: real("models", "stories260k"),
        tokenizer: real("tokenizers", "tinystories-bpe-1024"),
        method: methodNamed("focus", { text }),
        fallback: subtokenMean(),
        out,
      });
      expect(report.tables[0]!.origins).toEqual({ "copy-overlap": 326, focus: 697, "subtoken-mean": 1 });
    }
    const [once, twice] = outs as [string, string];
    expect(contentOf(twice)).toEqual(contentOf(once));
    const bits = bitsPerByteOf(await evaluateModel({ model: once, text, maxBytes: 60_000 }));
    expect(bits).toBeLessThan(3.6);
  });
});
