import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { InitContext, InitMethod, ProgressEvent, Role } from "@revocab/core";
import {
  methodCandidates,
  methodNamed,
  planTable,
  subtokenMean,
  transTokenization,
  withFallback,
} from "@revocab/embedding-init";
import { mixtureRow, storeMatrix } from "@revocab/matrix";
import { describeMethodContract } from "@revocab/test-support/contract";
import { makeContext, makeTables, TARGET_VOCABULARY } from "@revocab/test-support/contract-models";
import { scratchFolders } from "@revocab/test-support/folders";
import { byte, handMadeVocabulary, special, text } from "@revocab/test-support/hand-made-vocabulary";
import { realData } from "@revocab/test-support/real-data";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { loadTokenizer } from "@revocab/vocabulary";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { spreadCount } from "../src/trans-tokenization/counts.ts";
import { wordWriter } from "../src/trans-tokenization/words.ts";

/** Words that both contract vocabularies write, and one (ö) that the source cannot. */
const LETTERS = {
  source: Array.from({ length: 30 }, (_, i) => ["ab c", "fig cab", "jig a c", "a"][i % 4]),
  target: Array.from({ length: 30 }, (_, i) => ["abab c", "jig ga", "fghij abc ö", "aa"][i % 4]),
};
describeMethodContract("trans-tokenization", () => transTokenization({ parallel: LETTERS, minCount: 2 }));
describeMethodContract("trans-tokenization, else subtoken-mean", () =>
  withFallback(
    transTokenization({ parallel: LETTERS, minCount: 1, symmetrization: "union" }),
    subtokenMean(),
  ),
);

const source = handMadeVocabulary([
  special("<s>", "bos"),
  special("</s>", "eos"),
  ...["the", " dog", " d", "og", "s", " cat", "1", "2", "x"].map((word) => text(word)),
]);
const target = handMadeVocabulary([
  special("<|endoftext|>", "bos", "eos"),
  ...["der", " Hund", " Ka", "ter", " cat", "12", " ungehört"].map((word) => text(word)),
]);
const [input, output, bias] = makeTables();
const scratch = scratchFolders();

function contextOf(changes: Partial<InitContext> = {}): InitContext {
  return {
    ...makeContext(TARGET_VOCABULARY, makeTables()),
    source: { vocabulary: source, tables: [input, output, bias] },
    target: { vocabulary: target },
    alignment: alignVocabularies({ source, target }),
    ...changes,
  };
}

async function rowsOf(method: InitMethod, { role = "input" as Role, context = contextOf() } = {}) {
  const { mixture } = await planTable({ context, method, table: role === "input" ? input : output });
  return Object.fromEntries(
    Array.from({ length: target.size }, (_, id) => {
      const { sources, weights } = mixtureRow(mixture, id);
      return [
        target.tokenOf(id),
        Object.fromEntries(Array.from(sources, (one, i) => [source.tokenOf(one), weights[i]])),
      ];
    }),
  );
}

/** So many lines "the dog" / "der Hund", then others; and their links, in a file. */
function linked(lines: readonly (readonly [source: string, target: string, links: string, times: number])[]) {
  const all = lines.flatMap(([source, target, links, times]) =>
    Array.from({ length: times }, () => ({ source, target, links })),
  );
  const alignments = join(scratch(), "alignments.txt");
  writeFileSync(alignments, all.map(({ links }) => `${links}\n`).join(""));
  const parallel = { source: all.map(({ source }) => source), target: all.map(({ target }) => target) };
  return { parallel, alignments };
}

describe("transTokenization", () => {
  it("makes a token of the tokens that write its translations, by their counts", async () => {
    const rows = await rowsOf(
      transTokenization(
        linked([
          ["the dog", "der Hund", "0-0 1-1", 12],
          // " cat" as three tokens of which one has no space before it: x, and " cat" by itself
          ["the cat", "der Hund", "1-1", 4],
          ["the cat", "der Kater", "1-1", 10],
        ]),
      ),
    );
    // the dog 12 times; the cat only 4 times, which is less than 10
    expect(rows[" Hund"]).toEqual({ " dog": 1 });
    expect(rows.der).toEqual({ the: 1 });
    // both pieces of " Kater" are of the one piece of " cat"
    expect(rows[" Ka"]).toEqual({ " cat": 1 });
    expect(rows.ter).toEqual({ " cat": 1 });
    expect(rows[" ungehört"]).toEqual({});
  });

  it("weighs by count over total, and counts what is linked often enough alone", async () => {
    const lines = linked([
      ["the dog", "der Hund", "1-1", 30],
      ["the cat", "der Hund", "1-1", 10],
      ["the dogs", "der Hund", "1-1", 9],
    ]);
    const counted = await rowsOf(transTokenization(lines));
    expect(counted[" Hund"]).toEqual({ " dog": 0.75, " cat": 0.25 });
    // with 9 times " dogs" = " dog" + "s": 30 + 4.5, 10 and 4.5 of 49
    const all = await rowsOf(transTokenization({ ...lines, minCount: 9 }));
    expect(all[" Hund"][" dog"]).toBeCloseTo(34.5 / 49, 6);
    expect(all[" Hund"].s).toBeCloseTo(4.5 / 49, 6);
  });

  it("favors the same token and the spelling of a number by one count, and keeps specials", async () => {
    const lines = linked([["the dog", "der cat", "1-1", 11]]);
    const rows = await rowsOf(transTokenization(lines));
    expect(rows[" cat"][" dog"]).toBeCloseTo(11 / 12, 6);
    expect(rows[" cat"][" cat"]).toBeCloseTo(1 / 12, 6);
    expect(rows["12"]).toEqual({ "1": 0.5, "2": 0.5 });
    // GPT-2's one special opens a text at the input and closes it at the head
    expect(rows["<|endoftext|>"]).toEqual({ "<s>": 1 });
    const head = await rowsOf(transTokenization(lines), { role: "output" });
    expect(head["<|endoftext|>"]).toEqual({ "</s>": 1 });
    expect({ ...head, "<|endoftext|>": {} }).toEqual({ ...rows, "<|endoftext|>": {} });
  });

  it("gives a head bias the weights of the head", async () => {
    const method = transTokenization(linked([["the dog", "der Hund", "1-1", 11]]));
    const context = contextOf();
    const [ofHead, ofBias] = await Promise.all(
      [output, bias].map((table) => planTable({ context, method, table })),
    );
    expect(ofBias.mixture).toEqual(ofHead.mixture);
  });

  it("aligns the words itself where no alignments are given", async () => {
    const parallel = {
      source: Array.from({ length: 24 }, (_, i) => (i % 2 ? "the dog" : "the cat")),
      target: Array.from({ length: 24 }, (_, i) => (i % 2 ? "der Hund" : "der Kater")),
    };
    const rows = await rowsOf(transTokenization({ parallel }));
    expect(rows[" Hund"]).toEqual({ " dog": 1 });
    expect(rows.ter).toEqual({ " cat": 1 });
  });

  it("notes how sure the links are, which files it went by and what has evidence, but no path", async () => {
    const folder = scratch();
    const files = { source: join(folder, "en.txt"), target: join(folder, "de.txt") };
    writeFileSync(files.source, `${"the dog ✝\n".repeat(10)}\n`);
    writeFileSync(files.target, `${"der Hund ✝\n".repeat(10)}leer\n`);
    const events: ProgressEvent[] = [];
    const method = transTokenization({ parallel: files });
    await rowsOf(method, { context: contextOf({ job: { onProgress: (event) => void events.push(event) } }) });
    const notes = events.flatMap((event) => (event.type === "note" ? [event.message] : []));
    expect(notes).toEqual([
      "of 30 links of words, both directions found 30 (100.0 %)",
      "of 11 lines 1 with an empty side and 0 too long ones were passed over",
      expect.stringMatching(/^parallel source en\.txt: sha256 [0-9a-f]{64}$/),
      expect.stringMatching(/^parallel target de\.txt: sha256 [0-9a-f]{64}$/),
      "3 of 3 pairs of words are linked at least 10 times; they have 30 of 30 links",
      "2 of 8 tokens write one of these words, 2 of them new",
      "pairs left out because the source tokenizer reads the source word as unknown: 1",
      "pairs left out because the target tokenizer reads the target word as unknown: 1",
    ]);
    expect(method.options).toEqual({
      parallel: "en.txt:de.txt",
      words: "unicode",
      minCount: 10,
      iterations: 7,
      symmetrize: "grow-diag-final-and",
    });
  });

  it("says when no words are linked often enough, and when a tokenizer knows none of them", async () => {
    const rare = transTokenization(linked([["the dog", "der Hund", "0-0 1-1", 9]]));
    await expect(rowsOf(rare)).rejects.toMatchObject({
      code: "no_evidence",
      message: "no two words are linked at least 10 times; of 2 pairs the most frequent is linked 9 times",
    });
    const foreign = transTokenization(linked([["the dog", "ПриветМир 你好", "0-0 1-1", 10]]));
    await expect(rowsOf(foreign)).rejects.toMatchObject({
      code: "no_evidence",
      message: expect.stringMatching(
        /the target tokenizer reads the target words of 2 of 2 pairs as unknown/,
      ),
    });
  });

  it("refuses wrong numbers, and links of words that are not there", async () => {
    expect(() => transTokenization({ parallel: LETTERS, minCount: 0 })).toThrow(/minCount is 0/);
    expect(() => transTokenization({ parallel: LETTERS, iterations: 0.5 })).toThrow(/iterations is 0.5/);
    const beyond = transTokenization(linked([["the dog.", "der Hund.", "2-2", 1]]));
    await expect(rowsOf(beyond)).rejects.toMatchObject({ code: "bad_text" });
  });
});

describe("the method by its name", () => {
  it("spells what has no count", () => {
    const method = methodNamed("trans-tokenization", { parallel: "/a/en.txt:/b/de.txt", minCount: "3" });
    expect(method).toMatchObject({ kind: "chain" });
    const methods = method.kind === "chain" ? method.methods : [];
    expect(methods.map(({ name }) => name)).toEqual(["trans-tokenization", "subtoken-mean"]);
    expect(methods[0].options).toMatchObject({ parallel: "en.txt:de.txt", minCount: 3 });
  });

  it("needs parallel texts, both of them", () => {
    expect(() => methodNamed("trans-tokenization", {})).toThrow(/needs the option parallel.*SOURCE:TARGET/);
    expect(() => methodNamed("trans-tokenization", { parallel: "en.txt" })).toThrow(/one colon between them/);
  });

  it("can be compared with others, its two paths in one option, and is shown without their folders", () => {
    const { candidates } = methodCandidates(["trans-tokenization:parallel=/a/en.txt:/b/de.txt:minCount=5"]);
    expect(candidates[0].options).toEqual({ parallel: "en.txt:de.txt", minCount: 5 });
  });
});

describe("spreadCount", () => {
  it("spreads half over all pieces and half over those at the same place, as worked by hand", () => {
    const close = (found: Float64Array, expected: number[]) =>
      expect(Array.from(found, (value, i) => value - expected[i]).every((gap) => Math.abs(gap) < 1e-12)).toBe(
        true,
      );
    close(spreadCount(1, 1), [1]);
    close(spreadCount(2, 2), [3 / 4, 1 / 4, 1 / 4, 3 / 4]);
    close(spreadCount(3, 2), [1 / 6 + 1 / 3, 1 / 6 + 1 / 6, 1 / 6, 1 / 6, 1 / 6 + 1 / 6, 1 / 6 + 1 / 3]);
    close(spreadCount(1, 3), [1, 1, 1]);
    close(spreadCount(2, 1), [1 / 2, 1 / 2]);
  });

  it("gives every target piece a whole count, and both ends of the words alike", () => {
    const size = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(size, size, (n, m) => {
        const shares = spreadCount(n, m);
        for (let j = 0; j < m; j++) {
          const row = shares.subarray(j * n, (j + 1) * n);
          expect(row.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
          expect(row.every((share) => share > 0)).toBe(true);
          const mirrored = shares.subarray((m - 1 - j) * n, (m - j) * n).toReversed();
          expect(row.every((share, i) => Math.abs(share - mirrored[i]) < 1e-12)).toBe(true);
        }
      }),
    );
  });
});

describe("a word in tokens", () => {
  const vocabulary = handMadeVocabulary([
    special("<unk>", "unk"),
    ...[" ", " a", "a", "b", " ab"].map((word) => text(word)),
    byte(0x43),
  ]);
  const idsOf = (...tokens: string[]) =>
    tokens.map(
      (token) =>
        Array.from({ length: vocabulary.size }, (_, id) => id).find(
          (id) => vocabulary.tokenOf(id) === token,
        )!,
    );
  const encodeAs = (writings: Record<string, string[]>) => async (word: string) =>
    Uint32Array.from(idsOf(...(writings[word] ?? ["<unk>"])));

  it("is what the tokenizer writes, where that is the word's own bytes", async () => {
    // its pattern cuts a from b, which the spelling would join
    const writer = await wordWriter({ vocabulary, encode: encodeAs({ " ab": [" a", "b"], a: ["a"] }) });
    expect(await writer.write(" ab")).toEqual(idsOf(" a", "b"));
    expect(writer.beginsWithSpace).toBe(false);
  });

  it("is spelled where the tokenizer puts a space of its own before it", async () => {
    const encode = encodeAs({ a: [" a"], " a": [" ", " a"], b: [" ", "b"] });
    const writer = await wordWriter({ vocabulary, encode });
    expect(writer.beginsWithSpace).toBe(true);
    expect(await writer.write(" a")).toEqual(idsOf(" a"));
    expect(await writer.write("b")).toEqual(idsOf("b"));
    // a token that is hidden, as in a comparison, says nothing of the space: the next letter does
    const hidden = {
      ...vocabulary,
      kindOf: (id: number) => (id === idsOf(" a")[0] ? "unused" : vocabulary.kindOf(id)),
    };
    const other = await wordWriter({
      vocabulary: hidden,
      encode: encodeAs({ a: [" a"], e: [" ", "<unk>"] }),
    });
    expect(other.beginsWithSpace).toBe(true);
  });

  it("is what a tokenizer makes of it that changes letters, rather than single bytes", async () => {
    const writer = await wordWriter({ vocabulary, encode: encodeAs({ C: ["a"], a: ["a"] }) });
    expect(await writer.write("C")).toEqual(idsOf("a"));
    expect(await (await wordWriter({ vocabulary })).write("C")).toEqual(idsOf("<0x43>"));
  });

  it("is nothing where the tokenizer knows none of it", async () => {
    const writer = await wordWriter({ vocabulary, encode: encodeAs({ a: ["a"] }) });
    expect(await writer.write("ж")).toEqual([]);
    expect(await (await wordWriter({ vocabulary })).write("ж")).toEqual([]);
  });
});

describe.skipIf(realData === undefined)("stories260k to German, with a thousand captions", () => {
  it("makes ` Hund` of the pieces of ` dog`, by weights that are convex", async () => {
    const { readParallelLines } = await import("@revocab/parallel-text");
    const { source, target } = await readParallelLines({
      source: join(realData!, "text/multi30k.en.txt"),
      target: join(realData!, "text/multi30k.de.txt"),
    });
    const english = await loadTokenizer(join(realData!, "models/stories260k"));
    const german = await loadTokenizer(join(realData!, "tokenizers/de-bpe-50k"));
    const zeros = {
      rows: english.vocabulary.size,
      columns: 1,
      data: new Float32Array(english.vocabulary.size),
    };
    const table = { slot: "input", role: "input", isBias: false, matrix: storeMatrix(zeros) } as const;
    const context: InitContext = {
      ...makeContext(TARGET_VOCABULARY, makeTables()),
      source: { vocabulary: english.vocabulary, encode: english.encode, tables: [table] },
      target: { vocabulary: german.vocabulary, encode: german.encode },
      alignment: alignVocabularies({ source: english.vocabulary, target: german.vocabulary }),
    };
    const parallel = { source: source.slice(0, 1000), target: target.slice(0, 1000) };
    const { mixture } = await planTable({ context, method: transTokenization({ parallel }), table });
    const [hund] = german.vocabulary.idsOf(new TextEncoder().encode(" Hund"));
    const { sources, weights } = mixtureRow(mixture, hund);
    const [first, second] = Array.from(sources, (id) =>
      new TextDecoder().decode(english.vocabulary.bytesOf(id)),
    );
    expect([first, second].sort()).toEqual([" do", "g"]);
    expect(weights[0] + weights[1]).toBeGreaterThan(0.8);
    const rows = Array.from({ length: german.vocabulary.size }, (_, id) => mixtureRow(mixture, id).weights);
    const isConvex = (row: Float32Array) =>
      row.every((weight) => weight > 0) && Math.abs(row.reduce((sum, weight) => sum + weight, 0) - 1) < 1e-6;
    const filled = rows.filter((row) => row.length > 0);
    expect(filled.every(isConvex)).toBe(true);
    expect(filled.length).toBeGreaterThan(1000);
  });
});
