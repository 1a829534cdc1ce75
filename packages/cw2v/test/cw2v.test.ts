import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EmbeddingTable, InitContext, RevocabError, Vocabulary } from "@revocab/core";
import { type Cw2vOptions, cw2v, cw2vEntry } from "@revocab/cw2v";
import { planTable, subtokenMean, withFallback } from "@revocab/embedding-init";
import { mixtureRow } from "@revocab/matrix";
import { describeMethodContract } from "@revocab/test-support/contract";
import {
  makeContext,
  makeTables,
  SOURCE_VOCABULARY,
  TARGET_VOCABULARY,
} from "@revocab/test-support/contract-models";
import { describeEntryContract } from "@revocab/test-support/entry-contract";
import { afterAll, describe, expect, it } from "vitest";

describeEntryContract(cw2vEntry, { text: "mixed.txt" });

const folder = mkdtempSync(join(tmpdir(), "cw2v-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
function fileOf(text: string): string {
  const path = join(folder, `${++files}.txt`);
  writeFileSync(path, text);
  return path;
}

/** Lines with every new token of the contract's target but "ö", "jjjjjjjj" and the one with a line break. */
const LINES = ["abcababaa", "é a b abc", "fghij ga\ncab cab", "bébjig", "", "aaab c ab abc abab"];
const TEXT = fileOf(`${Array.from({ length: 8 }, () => LINES.join("\n")).join("\n")}\n`);
const ÖS = fileOf("ööö\n\nöö\n");

/** Longest match; what no token has is unk. */
function encodeWith(vocabulary: Vocabulary) {
  const ids = Array.from({ length: vocabulary.size }, (_, id) => id).filter(
    (id) => vocabulary.kindOf(id) === "text",
  );
  const tokens = ids.map((id) => [new TextDecoder().decode(vocabulary.bytesOf(id)), id] as const);
  tokens.sort(([a], [b]) => b.length - a.length);
  return async (text: string) => {
    const written: number[] = [];
    for (let at = 0; at < text.length; ) {
      const [token, id] = tokens.find(([one]) => one !== "ö" && text.startsWith(one, at)) ?? [text[at], 0];
      written.push(id);
      at += token.length;
    }
    return Uint32Array.from(written);
  };
}

function contextOf(
  target = TARGET_VOCABULARY,
  tables: readonly EmbeddingTable[] = makeTables(),
  more: Partial<InitContext> = {},
): InitContext {
  const context = makeContext(target, tables);
  return { ...context, target: { ...context.target, encode: encodeWith(target) }, ...more };
}

const SMALL = { text: TEXT, rank: 6, epochs: 2, batch: 64, threads: 1 } satisfies Cw2vOptions;

for (const heads of ["both", "one"] as const) {
  describeMethodContract(`cw2v, heads ${heads}`, () => cw2v({ ...SMALL, heads, top: 3 }), {
    contextFor: contextOf,
    readsEmbeddings: true,
  });
}
describeMethodContract(
  "a chain after cw2v",
  () => withFallback(cw2v({ ...SMALL, top: "all" }), subtokenMean()),
  {
    contextFor: contextOf,
    readsEmbeddings: true,
  },
);

/** The weights of every target token in one table, by source id. */
async function weightsOf(
  options: Partial<Cw2vOptions> = {},
  more: Partial<InitContext> = {},
  slot = "input",
) {
  const context = contextOf(TARGET_VOCABULARY, more.source?.tables ?? makeTables(), more);
  const table = context.source.tables.find((one) => one.slot === slot) as EmbeddingTable;
  const { mixture } = await planTable({ context, method: cw2v({ ...SMALL, ...options }), table });
  return Array.from({ length: TARGET_VOCABULARY.size }, (_, id) => {
    const { sources, weights } = mixtureRow(mixture, id);
    return new Map(Array.from(sources, (source, i) => [source, weights[i]]));
  });
}

async function notesOf(
  options: Partial<Cw2vOptions> = {},
  more: Partial<InitContext> = {},
): Promise<string[]> {
  const notes: string[] = [];
  await weightsOf(options, {
    ...more,
    job: { ...more.job, onProgress: (event) => event.type === "note" && notes.push(event.message) },
  });
  return notes;
}

async function failureOf(promise: Promise<unknown>): Promise<RevocabError> {
  return promise.then(
    () => expect.unreachable("it should have failed"),
    (error: RevocabError) => error,
  );
}

const ID = (token: string) => TARGET_VOCABULARY.idsOf(new TextEncoder().encode(token))[0];

describe("the rows of cw2v", () => {
  it("are made of text and byte tokens that the source writes: no special, no hole, no second token of the same bytes", async () => {
    const rows = await weightsOf({ top: "all" });
    const used = new Set(["abc", "ga", "aa"].flatMap((token) => [...rows[ID(token)].keys()]));
    const written = Array.from({ length: SOURCE_VOCABULARY.size }, (_, id) => id).filter((id) => {
      const bytes = SOURCE_VOCABULARY.bytesOf(id);
      return (
        ["text", "byte"].includes(SOURCE_VOCABULARY.kindOf(id)) && SOURCE_VOCABULARY.idsOf(bytes)[0] === id
      );
    });
    expect([...used].sort((a, b) => a - b)).toEqual(written);
    expect(rows[ID("abc")].size).toBe(written.length);
  });

  it("are copies for shared tokens, and empty for specials and for tokens that the text never has", async () => {
    const rows = await weightsOf();
    expect([...rows[ID("ab")]]).toEqual([[SOURCE_VOCABULARY.idsOf(new TextEncoder().encode("ab"))[0], 1]]);
    expect(rows[ID("ö")].size).toBe(0);
    expect(rows[ID("jjjjjjjj")].size).toBe(0);
    expect(rows[0].size).toBe(0);
    expect(rows[ID("fghij")].size).toBeGreaterThan(1);
  });

  it("keep the heaviest weights in their proportion, heaviest first, and say what was cut", async () => {
    const [all, top] = [
      (await weightsOf({ top: "all" }))[ID("abc")],
      (await weightsOf({ top: 2 }))[ID("abc")],
    ];
    const heaviest = [...all].sort(([, a], [, b]) => b - a).slice(0, 2);
    expect([...top.keys()]).toEqual(heaviest.map(([source]) => source));
    expect(heaviest[0][1] / heaviest[1][1]).toBeCloseTo([...top.values()][0] / [...top.values()][1], 4);
    const note = (await notesOf({ top: 2 })).find((one) => one.includes("heaviest")) as string;
    const [, mean, most] = (/sum to ([\d.]+) in the mean and ([\d.]+) at most/.exec(note) ?? []).map(Number);
    expect(mean).toBeGreaterThan(0);
    expect(most).toBeGreaterThanOrEqual(1 - heaviest[0][1] - heaviest[1][1] - 1e-4);
  });

  it("differ between input and head of an untied model, where each has a mixture", async () => {
    const both = { heads: "both" } as const;
    const one = {};
    expect((await weightsOf(both, {}, "output"))[ID("abc")]).not.toEqual((await weightsOf(both))[ID("abc")]);
    expect((await weightsOf(one, {}, "output"))[ID("abc")]).toEqual((await weightsOf(one))[ID("abc")]);
  });

  it("are one for both roles of a tied model, unless a mixture for each is asked for, which needs a choice", async () => {
    const tied = { source: { vocabulary: SOURCE_VOCABULARY, tables: makeTables().slice(0, 1) } };
    const [input] = tied.source.tables;
    const context = { ...contextOf(), ...tied };
    const rowsFor = async (heads?: "both") => {
      const prepared = await cw2v({ ...SMALL, heads }).prepare(context);
      const tokens = Uint32Array.of(ID("abc"));
      return (["input", "output"] as const).map((role) => prepared.mixture(tokens, { ...input, role }));
    };
    const [one, both] = [await rowsFor(), await rowsFor("both")];
    expect(one[0]).toEqual(one[1]);
    expect(both[0]).not.toEqual(both[1]);
    expect([cw2v(SMALL).differsByRole, cw2v({ ...SMALL, heads: "both" }).differsByRole]).toEqual([
      false,
      true,
    ]);
  });

  it("repeat to the bit with one thread and one seed, and differ with another", async () => {
    expect(await weightsOf()).toEqual(await weightsOf());
    expect((await weightsOf({}, { seed: 8 }))[ID("abc")]).not.toEqual((await weightsOf())[ID("abc")]);
  });

  it("move toward the text: the loss falls", async () => {
    const notes = await notesOf({ epochs: 12, learningRate: 0.02 });
    const losses = notes.flatMap((note) => /loss ([\d.]+)/.exec(note)?.[1] ?? []).map(Number);
    expect(losses.length).toBe(12);
    expect(losses[11]).toBeLessThan(losses[0] - 0.05);
  });

  it("are the same by an option that is given as text", async () => {
    const method = cw2vEntry.create({
      text: TEXT,
      rank: "6",
      epochs: "2",
      batch: "64",
      threads: "1",
      top: "all",
    });
    expect(method).toMatchObject({ options: { rank: 6, top: "all", loss: "standard" } });
  });
});

describe("the notes of cw2v", () => {
  it("say how many new tokens the text never has, and some of them", async () => {
    const notes = await notesOf();
    expect(
      notes.some((note) => /^3 of 11 new tokens are nowhere in the text.*"ö".*"jjjjjjjj"/.test(note)),
    ).toBe(true);
  });

  it("say what memory it takes before it is taken, and refuse more than is allowed", async () => {
    expect((await notesOf()).some((note) => /as sums of 15 with rank 6.*GB of memory/.test(note))).toBe(true);
    const failure = await failureOf(weightsOf({ memory: 1e-6 }));
    expect(failure).toMatchObject({ code: "bad_options" });
    expect(failure.message).toMatch(/would take .* it may have 0.00 GB/);
  });
});

describe("a text for cw2v", () => {
  it("that is unknown to the target's tokenizer is no evidence", async () => {
    const failure = await failureOf(weightsOf({ text: ÖS }));
    expect(failure.code).toBe("no_evidence");
    expect(failure.message).toMatch(
      /\.txt is unknown to the target's tokenizer: all of its 5 tokens are specials/,
    );
  });

  it("without a line of text is no evidence, and one that is not there is missing", async () => {
    expect((await failureOf(weightsOf({ text: fileOf("\n\n  \n") }))).message).toMatch(/has no text/);
    expect((await failureOf(weightsOf({ text: join(folder, "none") }))).code).toBe("missing_file");
  });

  it("of which all lines are held out leaves nothing to learn from", async () => {
    const failure = await failureOf(weightsOf({ text: fileOf("abc ab\n"), heldOut: 0.9999 }));
    expect(failure.message).toMatch(/all 1 lines of .* were held out/);
  });

  it("needs the target's tokenizer", async () => {
    const failure = await failureOf(weightsOf({}, { target: { vocabulary: TARGET_VOCABULARY } }));
    expect(failure.code).toBe("bad_options");
  });
});

describe("lines held out from cw2v", () => {
  it("end the training when their loss no longer falls, with the rows of the epoch before", async () => {
    const options = { heldOut: 0.3, epochs: 40, learningRate: 0.5 };
    const notes = await notesOf(options);
    const last = notes.filter((note) => note.startsWith("epoch")).at(-1) as string;
    const [, ended, back] = /epoch (\d+) of 40.*back to epoch (\d+)/.exec(last) as RegExpExecArray;
    expect(Number(ended)).toBeLessThan(40);
    expect(Number(back)).toBe(Number(ended) - 1);
    expect(await weightsOf(options)).toEqual(await weightsOf({ ...options, epochs: Number(back) }));
  });
});

describe("a checkpoint of cw2v", () => {
  const path = () => join(folder, `${++files}.safetensors`);

  it("goes on to the same bits as a training in one go, and says the same", async () => {
    for (const heldOut of [0, 0.2]) {
      const checkpoint = path();
      await weightsOf({ checkpoint, heldOut, epochs: 1 });
      const resumed = await notesOf({ checkpoint, heldOut, epochs: 3 });
      expect(resumed).toEqual(await notesOf({ heldOut, epochs: 3 }));
      expect(await weightsOf({ checkpoint, heldOut, epochs: 3 })).toEqual(
        await weightsOf({ heldOut, epochs: 3 }),
      );
    }
  });

  it("is left behind when a training is stopped in the middle of an epoch, and goes on to the same bits", async () => {
    const options = { checkpoint: path(), batch: 16 };
    const stop = new AbortController();
    let steps = 0;
    const failure = await failureOf(
      weightsOf(options, {
        job: {
          abortSignal: stop.signal,
          onProgress: (event) => {
            if (event.step === "train cw2v" && ++steps === 3) stop.abort();
          },
        },
      }),
    );
    expect(failure.code).toBe("aborted");
    expect(readFileSync(options.checkpoint, "latin1")).toContain('\\"batch\\":3');
    expect(await weightsOf(options)).toEqual(await weightsOf({ batch: 16 }));
  });

  it("of another training is refused with what differs", async () => {
    const checkpoint = path();
    await weightsOf({ checkpoint });
    const failure = await failureOf(weightsOf({ checkpoint, rank: 5 }));
    expect(failure.message).toMatch(/its rank is 6, here it is 5$/);
    expect((await failureOf(weightsOf({ checkpoint }, { seed: 9 }))).message).toMatch(
      /its seed is 7, here it is 9$/,
    );
    expect((await failureOf(weightsOf({ checkpoint, epochs: 1 }))).message).toMatch(
      /for 2 epochs, expected at most 1/,
    );
  });

  it("that is damaged or something else is refused", async () => {
    const checkpoint = path();
    await weightsOf({ checkpoint });
    const bytes = readFileSync(checkpoint);
    writeFileSync(checkpoint, bytes.subarray(0, bytes.length - 4));
    expect((await failureOf(weightsOf({ checkpoint }))).code).toBe("bad_safetensors");
    writeFileSync(checkpoint, "no checkpoint at all");
    expect((await failureOf(weightsOf({ checkpoint }))).code).toBe("bad_safetensors");
    const changed = Buffer.from(bytes);
    changed.write("revocab-cw2v-0", bytes.indexOf("revocab-cw2v-1"));
    writeFileSync(checkpoint, changed);
    expect((await failureOf(weightsOf({ checkpoint }))).message).toMatch(/its format is "revocab-cw2v-0"/);
  });
});

describe("options of cw2v", () => {
  it.each([
    [{ rank: 0 }, /rank is 0/],
    [{ epochs: 1.5 }, /epochs is 1.5/],
    [{ heldOut: 1 }, /heldOut is 1/],
    [{ top: 0 }, /top is 0/],
    [{ learningRate: -1 }, /learningRate is -1/],
    [{ loss: "other" as "standard" }, /loss is "other", expected standard or as-published/],
  ] as const)("%o is refused", (options, message) => {
    expect(() => cw2v({ text: TEXT, ...options })).toThrow(message);
  });
});
