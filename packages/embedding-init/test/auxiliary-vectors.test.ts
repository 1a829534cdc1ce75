import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { InitContext, Matrix, Vocabulary } from "@revocab/core";
import { makeContext } from "@revocab/test-support/contract-models";
import { scratchFolders } from "@revocab/test-support/folders";
import { byte, handMadeVocabulary, special, text, UNUSED } from "@revocab/test-support/hand-made-vocabulary";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { ngramBuckets } from "@revocab/word-vectors";
import { describe, expect, it } from "vitest";
import { type AuxiliaryTraining, auxiliaryVectors } from "../src/auxiliary-vectors.ts";

const scratch = scratchFolders();

const FREQUENT = ["walking", "talking", "running", "bread", "butter", "cheese"];

const vocabulary = handMadeVocabulary([
  special("<s>", "bos"),
  ...FREQUENT.map((word) => text(word)),
  text("walked"),
  text("xyzzy"),
  text(" "),
  UNUSED,
  byte(0xc3),
  byte(0xa9),
  byte(0x41),
  byte(0x42),
]);
const idOf = (token: string) =>
  Array.from({ length: vocabulary.size }, (_, id) => id).find((id) => vocabulary.tokenOf(id) === token)!;

/** Two topics, one of them with é (two bytes that always stand together); `walked` stands in it once. */
const LINES = [
  ...Array.from({ length: 150 }, (_, i) =>
    i % 2 === 0 ? "walking talking running talking walking" : "bread é butter cheese é butter",
  ),
  "walked xyzzy",
];

async function trained(lines: readonly string[] = LINES, more: Partial<AuxiliaryTraining> = {}, seed = 0) {
  const path = join(scratch(), "text.txt");
  writeFileSync(path, lines.join("\n"));
  return auxiliaryVectors(contextOf(vocabulary, seed), {
    ...{ text: path, dimension: 8, epochs: 5, minCount: 10 },
    ...more,
  });
}

function contextOf(target: Vocabulary, seed = 0): InitContext {
  const context = makeContext();
  const encode = async (line: string) => target.spell(new TextEncoder().encode(line)) ?? new Uint32Array();
  const { source } = context;
  const alignment = alignVocabularies({ source: source.vocabulary, target });
  return { ...context, source, target: { vocabulary: target, encode }, alignment, seed };
}

const rowOf = ({ data, columns }: Matrix, token: string) => {
  const id = idOf(token);
  return Array.from(data.subarray(id * columns, (id + 1) * columns));
};
const cosine = (a: readonly number[], b: readonly number[]) => {
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, one, i) => sum + one * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};
const ZEROS = Array<number>(8).fill(0);

describe("auxiliaryVectors", () => {
  it("gives every token that the text has often a vector of its own", async () => {
    const vectors = await trained();
    const rows = [...FREQUENT, " ", "<0xC3>", "<0xA9>"].map((token) => rowOf(vectors, token).join());
    expect(rows).not.toContain(ZEROS.join());
    expect(new Set(rows).size).toBe(rows.length);
    expect(vectors.data.every(Number.isFinite)).toBe(true);
  });

  it("gives a rare token the mean of the n-grams that frequent tokens taught, and of no others", async () => {
    const vectors = await trained();
    const walked = rowOf(vectors, "walked");
    expect(walked).not.toEqual(ZEROS);
    // "<wal" and "alk" are learned from "walking", "ked>" from nothing
    expect(cosine(walked, rowOf(vectors, "walking"))).toBeGreaterThan(
      cosine(walked, rowOf(vectors, "bread")) + 0.1,
    );
    const alone = await trained(LINES.filter((line) => line.startsWith("bread")));
    expect(rowOf(alone, "walked")).toEqual(ZEROS);
  });

  it("gives zeros, which are no evidence, where nothing of a token was learned", async () => {
    const vectors = await trained();
    for (const token of ["xyzzy", "<s>", ""]) expect(rowOf(vectors, token)).toEqual(ZEROS);
  });

  it("takes no n-gram for a learned one because it fell into the same bucket", async () => {
    const buckets = { minN: 3, maxN: 6, buckets: 500_000 };
    const learned = new Map(
      FREQUENT.flatMap((word) => ngramBuckets(word, buckets).map((one) => [one, word])),
    );
    const collides = strangers().find((word) => ngramBuckets(word, buckets).some((one) => learned.has(one)));
    expect(collides).toBeDefined();
    const target = handMadeVocabulary([...FREQUENT.map((word) => text(word)), text(" "), text(collides!)]);
    const path = join(scratch(), "text.txt");
    writeFileSync(path, LINES.filter((line) => line.startsWith("walking")).join("\n"));
    const { data } = await auxiliaryVectors(contextOf(target), {
      ...{ text: path, dimension: 8, epochs: 1, minCount: 10 },
    });
    expect(Array.from(data.subarray(-8))).toEqual(ZEROS);
  });

  it("gives lone bytes no vector in common: their own, or none at all", async () => {
    const vectors = await trained();
    expect(rowOf(vectors, "<0xC3>")).not.toEqual(rowOf(vectors, "<0xA9>"));
    expect(rowOf(vectors, "<0x41>")).toEqual(ZEROS);
    expect(rowOf(vectors, "<0x42>")).toEqual(ZEROS);
  });

  it("makes the same bytes of the same text and seed, and others of another seed", async () => {
    const [first, second, other] = [await trained(), await trained(), await trained(LINES, {}, 1)];
    expect(second.data).toEqual(first.data);
    expect(other.data).not.toEqual(first.data);
  });

  it("refuses a text in which no token is frequent enough", async () => {
    await expect(trained(["walking talking"], { minCount: 10 })).rejects.toMatchObject({
      code: "bad_text",
      message: expect.stringMatching(/too small for minCount 10/),
    });
  });

  it("needs the tokenizer, for a vocabulary alone writes no text", async () => {
    const { target, ...context } = contextOf(vocabulary);
    const training = auxiliaryVectors(
      { ...context, target: { vocabulary: target.vocabulary } },
      { text: "none.txt", dimension: 8, epochs: 1, minCount: 1 },
    );
    await expect(training).rejects.toMatchObject({ code: "bad_options" });
  });
});

/** Words of letters that the frequent ones do not have, so that no n-gram inside them is one of theirs. */
function strangers(): string[] {
  const letters = "qvxzjd";
  return Array.from({ length: 6 ** 6 }, (_, i) =>
    Array.from({ length: 6 }, (_, place) => letters[Math.floor(i / 6 ** place) % 6]).join(""),
  );
}
