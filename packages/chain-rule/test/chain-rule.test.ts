import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChainRuleOptions, chainRule, chainRuleEntry } from "@revocab/chain-rule";
import type { EmbeddingTable, InitContext, MixtureMethod, Vocabulary } from "@revocab/core";
import { planTable } from "@revocab/embedding-init";
import { mixtureRow } from "@revocab/matrix";
import { describeMethodContract } from "@revocab/test-support/contract";
import {
  makeContext,
  makeTables,
  SOURCE_VOCABULARY,
  TARGET_VOCABULARY,
} from "@revocab/test-support/contract-models";
import { describeEntryContract } from "@revocab/test-support/entry-contract";
import { scratchFolders } from "@revocab/test-support/folders";
import { afterAll, describe, expect, it } from "vitest";
import { withModel } from "./toy-model.ts";

describeEntryContract(chainRuleEntry);
describeEntryContract(chainRuleEntry, { text: "sample.txt" });

const scratch = scratchFolders();
const folder = mkdtempSync(join(tmpdir(), "revocab-chain-rule-"));
const text = join(folder, "sample.txt");
const lines = ["abcab ab", "abab ceb", "fghijaa", "ab cab cab", "jigabé", "abcgaab"];
writeFileSync(text, Array.from({ length: 40 }, (_, i) => lines[i % lines.length]).join("\n\n"));
afterAll(() => rmSync(folder, { recursive: true }));

const contextFor = (target: Vocabulary, tables: readonly EmbeddingTable[]) =>
  withModel(makeContext(target, tables));
describeMethodContract("chainRule without a text", () => chainRule({ threads: 1, written: 400 }), {
  contextFor,
});
describeMethodContract("chainRule without any text", () => chainRule({ threads: 1, written: 0 }), {
  contextFor,
});
for (const correction of ["none", "map", "contextual"] as const) {
  describeMethodContract(`chainRule, ${correction}`, () => chainRule({ text, correction, threads: 1 }), {
    contextFor,
  });
}

const idOf = (vocabulary: Vocabulary, written: string) =>
  vocabulary.idsOf(new TextEncoder().encode(written))[0];

async function rowOf(context: InitContext, method: MixtureMethod, slot: string, token: string) {
  const table = context.source.tables.find((one) => one.slot === slot) as EmbeddingTable;
  const tokens = Uint32Array.of(idOf(context.target.vocabulary, token));
  const { mixture } = await planTable({ context, method, table, tokens });
  const { sources, weights } = mixtureRow(mixture, 0);
  return { sources: Array.from(sources), weights: Array.from(weights), rows: table.matrix.rows };
}

/** What smoothing adds to the count of a text token: 0.1 on average, and more for low ids; specials take no part. */
function smoothingOf(id: number): number {
  const texts = Array.from({ length: TARGET_VOCABULARY.size }, (_, token) => token).filter((token) =>
    ["text", "byte"].includes(TARGET_VOCABULARY.kindOf(token)),
  );
  const total = texts.reduce((sum, _, rank) => sum + 1 / (rank + 10), 0);
  return (0.1 * texts.length) / total / (texts.indexOf(id) + 10);
}

describe("the rows of the chain rule", () => {
  const untied = () => withModel(makeContext(TARGET_VOCABULARY, makeTables().slice(0, 2)));

  it("at the input are a fading sum of pieces: abab is 1.5 · ab, jig is ¼ · j + ½ · i + g", async () => {
    const context = untied();
    const method = chainRule({ text, correction: "none" });
    const pieces = (word: string) =>
      Array.from(SOURCE_VOCABULARY.spell(new TextEncoder().encode(word)) as Uint32Array);
    expect(pieces("abab")).toHaveLength(2);
    expect(await rowOf(context, method, "input", "abab")).toMatchObject({
      sources: [pieces("ab")[0]],
      weights: [1.5],
    });
    expect(await rowOf(context, method, "input", "jig")).toMatchObject({
      sources: pieces("jig"),
      weights: [0.25, 0.5, 1],
    });
  });

  it("at the head are the first piece and log P̂(t | s₁) · u, shared tokens too", async () => {
    const context = untied();
    const encode = context.target.encode as NonNullable<InitContext["target"]["encode"]>;
    const counts = new Map<number, number>();
    for (const document of readFileSync(text, "utf8").split("\n\n")) {
      for (const id of await encode(document)) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    const group = ["ab", "abc", "abab"].map((word) => idOf(TARGET_VOCABULARY, word));
    const weightOf = (id: number) => (counts.get(id) ?? 0) + smoothingOf(id);
    const total = group.reduce((sum, id) => sum + weightOf(id), 0);
    const method = chainRule({ text, correction: "none" });
    for (const word of ["ab", "abc", "abab"]) {
      const { sources, weights, rows } = await rowOf(context, method, "output", word);
      expect(sources).toEqual([idOf(SOURCE_VOCABULARY, "ab"), rows]);
      expect(weights[0]).toBe(1);
      expect(weights[1]).toBeCloseTo(Math.log(weightOf(idOf(TARGET_VOCABULARY, word)) / total), 5);
    }
  });

  it("at another head, such as a draft head's, are the first piece alone: what was fitted is this head's", async () => {
    const [input, output] = makeTables().slice(0, 2) as [EmbeddingTable, EmbeddingTable];
    const context = withModel(
      makeContext(TARGET_VOCABULARY, [input, { ...output, slot: "output.layers.2" }, output]),
    );
    const method = chainRule({ text });
    expect((await rowOf(context, method, "output", "abab")).sources.length).toBeGreaterThan(1);
    expect(await rowOf(context, method, "output.layers.2", "abab")).toMatchObject({
      sources: [idOf(SOURCE_VOCABULARY, "ab")],
      weights: [1],
    });
  });

  it("count what the model writes itself too, beside a text or without one", async () => {
    const context = untied();
    const model = await context.source.model?.();
    const written = await model?.writeTexts({ tokens: 400, seed: context.seed });
    const encode = context.target.encode as NonNullable<InitContext["target"]["encode"]>;
    const group = ["ab", "abc", "abab"].map((word) => idOf(TARGET_VOCABULARY, word));
    const own = (written ?? []).map((ids) =>
      Buffer.concat(Array.from(ids, (id) => SOURCE_VOCABULARY.bytesOf(id)))
        .toString()
        .replaceAll("\uFFFD", "")
        .trim(),
    );
    const given = readFileSync(text, "utf8").split("\n\n");
    for (const [options, documents] of [
      [{ written: 400 }, own],
      [{ written: 400, text }, [...given, ...own]],
    ] as const) {
      const counts = new Map(group.map((id) => [id, smoothingOf(id)]));
      for (const document of documents) {
        for (const id of await encode(document)) counts.set(id, (counts.get(id) ?? 0) + 1);
      }
      const total = group.reduce((sum, id) => sum + (counts.get(id) ?? 0), 0);
      const { weights } = await rowOf(
        context,
        chainRule({ ...options, correction: "none" }),
        "output",
        "abab",
      );
      expect(weights[1]).toBeCloseTo(Math.log((counts.get(group[2]) ?? 0) / total), 5);
    }
  });

  it("are shared out by the order of ids where there is no text at all", async () => {
    const context = untied();
    const texts = Array.from({ length: TARGET_VOCABULARY.size }, (_, id) => id).filter(
      (id) => !["special", "unused"].includes(TARGET_VOCABULARY.kindOf(id)),
    );
    const weightOf = (word: string) => 1 / (texts.indexOf(idOf(TARGET_VOCABULARY, word)) + 10);
    const total = ["ab", "abc", "abab"].reduce((sum, word) => sum + weightOf(word), 0);
    const { weights } = await rowOf(context, chainRule({ written: 0, threads: 1 }), "output", "abab");
    expect(weights[1]).toBeCloseTo(Math.log(weightOf("abab") / total), 5);
  });

  it("of a token that no other begins like is its source row, bit for bit", async () => {
    const row = await rowOf(untied(), chainRule({ text, correction: "none" }), "output", "é");
    expect(row).toMatchObject({ weights: [1] });
  });

  it("put the logarithm into the head's bias where there is one", async () => {
    const context = withModel(makeContext());
    const method = chainRule({ text, correction: "none" });
    expect((await rowOf(context, method, "output", "abc")).weights).toEqual([1]);
    const { sources, weights, rows } = await rowOf(context, method, "output.bias", "abc");
    expect(sources).toEqual([idOf(SOURCE_VOCABULARY, "ab"), rows]);
    expect(weights[1]).toBeLessThan(0);
  });

  it("say how near u comes to a bias, and how far states are off, as details that no plan keeps", async () => {
    const notes: string[] = [];
    const context: InitContext = {
      ...untied(),
      job: {
        onProgress: (event) => {
          if (event.type === "note" && event.isDetail === true) notes.push(event.message);
        },
      },
    };
    await rowOf(context, chainRule({ text, threads: 1 }), "output", "abc");
    // the toy's last coordinate is 1 in every state: a bias exists
    expect(notes.find((note) => note.startsWith("u·h"))).toMatch(/^u·h is 1\.00 ± 0\.0/);
    const off = /off by (\d+) % of their square, and by (\d+) % after/.exec(notes.join("\n"));
    expect(Number(off?.[2])).toBeLessThanOrEqual(Number(off?.[1]));
  });
});

describe("the time that chainRule may take", () => {
  const long = join(folder, "long.txt");
  writeFileSync(long, Array.from({ length: 30 }, (_, i) => lines[i % lines.length].repeat(12)).join("\n\n"));

  /** The row of a token, and the notes that a plan keeps and those that it does not. */
  async function planned(options: ChainRuleOptions) {
    const notes = { kept: [] as string[], details: [] as string[] };
    const context: InitContext = {
      ...withModel(makeContext(TARGET_VOCABULARY, makeTables().slice(0, 2))),
      job: {
        onProgress(event) {
          if (event.type === "note") notes[event.isDetail === true ? "details" : "kept"].push(event.message);
        },
      },
    };
    const table = context.source.tables[1];
    const method = chainRule({ text: long, threads: 1, ...options });
    const { basis } = await planTable({ context, method, table });
    return { basis, ...notes };
  }

  it("chooses how much of the text is read; the plan says how to read as much again", async () => {
    const hasty = await planned({ seconds: 1e-9 });
    const tokens = Number(/`states=(\d+)`/.exec(hasty.kept.join("\n"))?.[1]);
    expect(tokens).toBeGreaterThanOrEqual(100);
    expect(tokens).toBeLessThan(200);
    const again = await planned({ states: tokens });
    expect(again.basis).toEqual(hasty.basis);
    expect(again.kept.join("\n")).not.toContain("states=");
  });

  it("is said beforehand, and changes nothing where there is enough of it", async () => {
    const patient = await planned({ seconds: 1e9 });
    expect(patient.details[0]).toMatch(
      /^reading the sample text will take about \d+ s, and the fits about \d+ s$/,
    );
    expect((await planned({})).basis).toEqual(patient.basis);
    // more than the text has: all of it
    expect(patient.kept.join("\n")).toContain("`states=");
  });
});

describe("chainRule refuses", () => {
  const context = () => withModel(makeContext());
  const rows = (method: MixtureMethod, one: InitContext = context()) => rowOf(one, method, "output", "abc");

  it("a model that is not there, and one that predicts masked tokens", async () => {
    await expect(rows(chainRule({ text }), makeContext())).rejects.toMatchObject({ code: "bad_options" });
    await expect(rows(chainRule({ text }), withModel(makeContext(), "masked"))).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringContaining("masked"),
    });
  });

  it("a model that writes nothing", async () => {
    const context = withModel(makeContext());
    const model = await context.source.model?.();
    const mute = {
      ...context,
      source: { ...context.source, model: async () => ({ ...model!, writeTexts: async () => [] }) },
    };
    await expect(rows(chainRule({ threads: 1 }), mute)).rejects.toMatchObject({ code: "no_evidence" });
  });

  it("a text that is not there, or that the target reads as unknown", async () => {
    await expect(rows(chainRule({ text: join(scratch(), "none.txt") }))).rejects.toMatchObject({
      code: "missing_file",
    });
    const strange = join(scratch(), "strange.txt");
    writeFileSync(strange, "XYZ");
    await expect(rows(chainRule({ text: strange }))).rejects.toMatchObject({ code: "no_evidence" });
  });

  it.each([
    [{ fade: 2 }],
    [{ smoothing: 0 }],
    [{ states: 3 }],
    [{ written: -1 }],
    [{ text: "sample.txt", seconds: 0 }],
    [{ seconds: 60 }],
    [{ correction: "map" as const, written: 0 }],
  ])("options without sense: %j", (options) => {
    expect(() => chainRule(options)).toThrow(expect.objectContaining({ code: "bad_options" }));
  });
});
