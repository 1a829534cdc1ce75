import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { randomStream } from "@revocab/matrix";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { expectOneFailure, type Finished, revocab } from "./revocab.ts";

/** Of the whole file: the vectors that one test trains, others read. */
let folder: string;
const at = (name: string) => join(folder, name);
const command = (args: readonly string[]) => ["vectors", ...args, "--quiet"];
const vectors = (...args: string[]) => inProcess(command(args));

const ANIMALS = ["dog", "cat", "horse", "sheep", "goat"];
const KITCHEN = ["pot", "pan", "spoon", "knife", "oven"];
const SMALL = ["--dim", "12", "--buckets", "1000", "--epochs", "80", "--threads", "1"];

/** Sentences of two topics that have no word in common. */
function twoTopics(): string {
  const random = randomStream(1, 0);
  const sentence = (words: readonly string[]) =>
    Array.from({ length: 6 }, () => words[Math.floor(random.uniform() * words.length)]).join(" ");
  const lines = Array.from({ length: 600 }, (_, i) => sentence(i % 2 === 0 ? ANIMALS : KITCHEN));
  return `${lines.join("\n")}\n`;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "revocab-vectors-"));
  writeFileSync(at("topics.txt"), twoTopics());
  writeFileSync(at("small.txt"), "one of each word\n");
  writeFileSync(at("no-tabs.txt"), "dog\tHund\ncat Katze\n");
  const trained = await Promise.all(
    ["topics.bin", "topics.vec"].map((name) =>
      revocab(command(["train", "--text", at("topics.txt"), "--out", at(name), ...SMALL])),
    ),
  );
  expect(trained.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ""],
    [0, ""],
  ]);
  expect(trained[0]?.stdout).toBe(
    `11 vectors of 12 numbers, from 4,200 tokens\nWritten to ${at("topics.bin")}\n`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function nearest(file: string, word: string, count: number): Promise<string[]> {
  const { code, stdout } = await vectors("nearest", at(file), word, "--neighbors", `${count}`, "--json");
  expect(code).toBe(0);
  return (JSON.parse(stdout) as { word: string }[]).map((one) => one.word);
}

async function expectFailure(run: Promise<Finished>, code: number, message: RegExp): Promise<void> {
  const before = readdirSync(folder);
  const finished = await run;
  expect(finished).toMatchObject({ code, stdout: "" });
  expectOneFailure(finished, message);
  expect(readdirSync(folder)).toEqual(before);
}

describe("vectors train", () => {
  it.each(["topics.bin", "topics.vec"])("writes %s, in which the words of a topic are near", async (file) => {
    expect((await nearest(file, "dog", 4)).sort()).toEqual(ANIMALS.filter((word) => word !== "dog").sort());
    expect((await nearest(file, "oven", 4)).sort()).toEqual(KITCHEN.filter((word) => word !== "oven").sort());
  });

  it("makes the same bytes of the same text and seed on one thread, and others of another seed", async () => {
    const text = ["train", "--text", at("topics.txt"), "--out"];
    const again = await revocab(command([...text, at("again.bin"), ...SMALL]));
    const other = await vectors(...text, at("other.bin"), ...SMALL, "--seed", "1");
    expect([again.code, other.code]).toEqual([0, 0]);
    const bytes = readFileSync(at("topics.bin"));
    expect(readFileSync(at("again.bin")).equals(bytes)).toBe(true);
    expect(readFileSync(at("other.bin")).equals(bytes)).toBe(false);
  });

  it("trains on the tokens of a tokenizer, as its file writes them", async () => {
    const { code } = await vectors(
      ...["train", "--text", at("topics.txt"), "--tokenizer", SAMPLE_TOKENIZER],
      ...["--model", "cbow", "--out", at("tokens.vec"), ...SMALL],
    );
    expect(code).toBe(0);
    const [, ...lines] = readFileSync(at("tokens.vec"), "utf8").trimEnd().split("\n");
    const words = lines.map((line) => line.slice(0, line.indexOf(" ")));
    const { model } = JSON.parse(readFileSync(join(SAMPLE_TOKENIZER, "tokenizer.json"), "utf8")) as {
      model: { vocab: [token: string, score: number][] };
    };
    const known = new Set(model.vocab.map(([token]) => token));
    const tokens = words.filter((word) => word !== "</s>");
    expect(tokens.length).toBeGreaterThan(5);
    expect(tokens.filter((token) => !known.has(token))).toEqual([]);
  });

  it("prints its result as JSON", async () => {
    const { code, stdout } = await vectors(
      ...["train", "--text", at("topics.txt"), "--out", at("json.vec"), "--json", ...SMALL],
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ words: 11, dimension: 12, tokens: 4200, out: at("json.vec") });
  });

  it("leaves a file that is there alone, unless it is forced", async () => {
    writeFileSync(at("there.vec"), "mine");
    const train = ["train", "--text", at("topics.txt"), "--out", at("there.vec"), ...SMALL];
    await expectFailure(vectors(...train), 1, /there\.vec exists already\n.*--force/);
    expect(readFileSync(at("there.vec"), "utf8")).toBe("mine");
    expect((await vectors(...train, "--force")).code).toBe(0);
    expect(readFileSync(at("there.vec"), "utf8")).toMatch(/^11 12\n/);
  });

  it.each<[string, number, readonly string[], RegExp]>([
    ["another ending", 2, ["topics.txt", "x.txt"], /x\.txt; a name that ends in \.bin or \.vec was expected/],
    ["a missing folder, before the work", 1, ["topics.txt", "none/x.bin"], /there is no folder \S+none /],
    ["no text", 1, ["none.txt", "x.bin"], /none\.txt: there is no such file/],
    ["too little text", 1, ["small.txt", "x.bin"], /too small for minCount 5.*\n.*smaller minCount/],
    ["n-grams of no length", 2, ["topics.txt", "x.bin", "--min-n", "7"], /minN is 7, more than maxN 6/],
    ["no numbers", 2, ["topics.txt", "x.bin", "--dim", "0"], /'0' is invalid.*\n.*vectors train --help/],
  ])("refuses %s", async (_, code, [text, out, ...more], message) => {
    await expectFailure(vectors("train", "--text", at(text!), "--out", at(out!), ...more), code, message);
  });
});

describe("vectors nearest", () => {
  it("finds words near one that the text never had, by its n-grams", async () => {
    expect(await nearest("topics.bin", "horses", 1)).toEqual(["horse"]);
  });

  it("says that a file without n-grams knows its own words alone", async () => {
    await expectFailure(
      revocab(command(["nearest", at("topics.vec"), "horses"])),
      1,
      /topics\.vec has no vector for "horses"\n.*no n-grams/,
    );
    const { code, stdout } = await vectors("nearest", at("topics.vec"), "horses", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "no_evidence", hint: /no n-grams/ } });
  });

  it.each<[string, () => void, RegExp]>([
    ["none.bin", () => {}, /none\.bin: there is no such file/],
    [
      "cut.bin",
      () => {
        writeFileSync(at("cut.bin"), readFileSync(at("topics.bin")));
        truncateSync(at("cut.bin"), 20_000);
      },
      /cut\.bin ends inside the input matrix of 1011 × 12 floats: .*\n.*copy or download the file again/,
    ],
    [
      "zipped.bin",
      () => writeFileSync(at("zipped.bin"), gzipSync(readFileSync(at("topics.bin")))),
      /zipped\.bin is compressed by gzip\n.*gunzip/,
    ],
    ["quantized.ftz", () => writeFileSync(at("quantized.ftz"), quantized()), /quantized\.ftz.*quanti[sz]ed/],
    [
      "pickle.bin",
      () => writeFileSync(at("pickle.bin"), Buffer.from([0x80, 2, 0x7d, 0x71, 0, 0x2e])),
      /pickle\.bin is a Python pickle\n.*never opened/,
    ],
    [
      "model.bin",
      () => writeFileSync(at("model.bin"), readFileSync(join(SAMPLE_MODEL, "model.safetensors"))),
      /model\.bin does not begin as a fastText file does/,
    ],
  ])("refuses %s", async (name, make, message) => {
    make();
    await expectFailure(vectors("nearest", at(name), "dog"), 1, message);
  });
});

/** A fastText file that says, as a .ftz does, that its input matrix is quantised. */
function quantized(): Buffer {
  const bytes = Buffer.from(readFileSync(at("topics.bin")));
  const matrix = bytes.length - 2 * (1 + 2 * 8) - (1011 + 11) * 12 * 4;
  expect(bytes[matrix]).toBe(0);
  bytes[matrix] = 1;
  return bytes;
}

describe("vectors align", () => {
  const WORDS = [...ANIMALS, ...KITCHEN];

  beforeAll(() => {
    const [head, ...lines] = readFileSync(at("topics.vec"), "utf8").trimEnd().split("\n");
    const turned = lines.map((line) => {
      const [word, ...numbers] = line.trim().split(" ");
      // the same space with its axes in another order, under other names
      return [`${word}en`, ...numbers.slice(5), ...numbers.slice(0, 5)].join(" ");
    });
    writeFileSync(at("other-language.vec"), `${[head, ...turned].join("\n")}\n`);
    const pairs = WORDS.map((word) => `${word}\t${word}en`);
    writeFileSync(at("pairs.txt"), `${[...pairs, "unheard\tof", "dog\tof"].join("\n")}\n`);
  });

  const align = (...more: string[]) => vectors("align", at("topics.vec"), at("other-language.vec"), ...more);

  it("turns the second space onto the first, and says how many pairs it went by", async () => {
    const dictionary = ["--dictionary", at("pairs.txt")];
    const args = [...command(["align", at("topics.vec"), at("other-language.vec")]), ...dictionary];
    const { code, stdout } = await revocab([...args, "--out", at("turned.vec")]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/pairs in the dictionary +12\n/);
    expect(stdout).toMatch(
      /known on the first side +11\n.*known on the second side +10\n.*known on both +10\n/s,
    );
    expect(stdout).toMatch(
      /words held out and looked up +1\n.*nearest 1 +\d+\.\d %\n.*nearest 10 +100\.0 %\n/s,
    );
    expect(stdout).toContain(`Written to ${at("turned.vec")}\n`);
    const [fixed, turned] = [rowsOf("topics.vec"), rowsOf("turned.vec")];
    expect([...turned.keys()]).toEqual([...fixed.keys()].map((word) => `${word}en`));
    for (const word of WORDS)
      expect(cosine(turned.get(`${word}en`)!, fixed.get(word)!)).toBeGreaterThan(0.999);
  });

  it("prints coverage and precision as JSON", async () => {
    const { code, stdout } = await align(
      ...["--dictionary", at("pairs.txt"), "--out", at("turned-json.vec"), "--csls", "--center", "--json"],
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      coverage: { pairs: 12, sourceKnown: 11, targetKnown: 10, bothKnown: 10 },
      duplicates: 0,
      heldOut: { queries: 1, precision: [{ k: 1 }, { k: 10, value: 1 }] },
    });
  });

  it.each<[string, number, readonly string[], RegExp]>([
    [
      "a dictionary without tabs",
      1,
      ["no-tabs.txt", "x.vec"],
      /no-tabs\.txt, line 2 has no tab.*"cat Katze"\n/,
    ],
    ["no dictionary", 1, ["none.txt", "x.vec"], /none\.txt: there is no such file/],
    [
      "an output of another ending",
      2,
      ["pairs.txt", "x.bin"],
      /x\.bin; a name that ends in \.vec was expected/,
    ],
  ])("refuses %s", async (_, code, [dictionary, out], message) => {
    await expectFailure(align("--dictionary", at(dictionary!), "--out", at(out!)), code, message);
  });
});

function rowsOf(file: string): Map<string, readonly number[]> {
  const [, ...lines] = readFileSync(at(file), "utf8").trimEnd().split("\n");
  return new Map(
    lines.map((line) => {
      const [word = "", ...numbers] = line.trim().split(" ");
      return [word, numbers.map(Number)];
    }),
  );
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, one, i) => sum + one * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

describe("a swap by word vectors", () => {
  const swap = (method: string, ...options: string[]) =>
    inProcess([
      ...["swap", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--out", at("swapped"), "--quiet"],
      ...["--method", method, ...options.flatMap((option) => ["--with", option])],
    ]);

  it.each<[string, number, string, () => string[], RegExp]>([
    [
      "no source vectors",
      2,
      "wechsel",
      () => [],
      /wechsel needs the option source-vectors: .*\n.*--with source-vectors=/,
    ],
    [
      "no target vectors",
      2,
      "ofa",
      () => [`source-vectors=${at("topics.bin")}`],
      /ofa needs the option target-vectors/,
    ],
    ["neither text nor vectors", 2, "focus", () => [], /neither text nor auxiliary/],
    [
      "both text and vectors",
      2,
      "focus",
      () => [`text=${at("topics.txt")}`, `auxiliary=${at("topics.bin")}`],
      /both text and auxiliary/,
    ],
    ["a text that is not there", 1, "focus", () => [`text=${at("none.txt")}`], /none\.txt/],
    [
      "vectors that are not there",
      1,
      "focus",
      () => [`auxiliary=${at("none.bin")}`],
      /none\.bin: there is no such file/,
    ],
    ["too little text", 1, "focus", () => [`text=${at("small.txt")}`], /too small for minCount 10/],
    [
      "a dictionary without tabs",
      1,
      "wechsel",
      () => [...bothSides(), `dictionary=${at("no-tabs.txt")}`],
      /no-tabs\.txt, line 2 has no tab/,
    ],
  ])("refuses %s", async (_, code, method, options, message) => {
    await expectFailure(swap(method, ...options()), code, message);
    expect(existsSync(at("swapped"))).toBe(false);
  });

  const bothSides = () => [`source-vectors=${at("topics.bin")}`, `target-vectors=${at("topics.bin")}`];
});
