import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openCheckpoint } from "@revocab/checkpoint";
import { bitsPerByte, byteDistributions, byteLevelScore } from "@revocab/evaluation";
import { splitDocuments } from "@revocab/files";
import { realData } from "@revocab/test-support/real-data";
import { languageModel, type OpenTransformer, openTransformer } from "@revocab/transformer-runtime";
import { loadTokenizer } from "@revocab/vocabulary";
import { afterAll, describe, expect, it } from "vitest";

const sample = fileURLToPath(new URL("../../../sample/model", import.meta.url));
const STORY =
  "Once upon a time, there was a little girl named Lily. She said, “It’s my ball!”\n\nHer mom didn't see  it.";

const transformers: OpenTransformer[] = [];
afterAll(async () => {
  for (const transformer of transformers) {
    await transformer.close();
    await transformer.checkpoint.close();
  }
});

async function open(folder: string) {
  const transformer = await openTransformer(await openCheckpoint(folder), { job: { threads: 1 } });
  transformers.push(transformer);
  return { model: languageModel(transformer), tokenizer: await loadTokenizer(folder) };
}

/** `count` beginnings of documents, of 0 to 99 bytes (from `least` on), wherever a character is cut. */
function beginnings(documents: readonly string[], count: number, least: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) =>
    new TextEncoder().encode(documents[i % documents.length]).slice(0, least + ((i * 37) % 100)),
  );
}

async function expectSumsOfOne(opened: Awaited<ReturnType<typeof open>>, prefixes: readonly Uint8Array[]) {
  const { distributions } = await byteDistributions({ ...opened, prefixes });
  for (const [i, { probabilities, deadEndMass, invalidMass }] of distributions.entries()) {
    const at = JSON.stringify(Buffer.from(prefixes[i]).toString());
    expect(
      probabilities.reduce((sum, probability) => sum + probability, 0),
      at,
    ).toBeCloseTo(1, 10);
    // The sum before it is scaled to 1: nothing is lost between the probability of a prefix and of what follows it.
    expect(deadEndMass, at).toBeLessThan(1e-4);
    expect(invalidMass, at).toBeLessThan(0.25);
  }
}

describe("the sample model", () => {
  it("gives the 256 bytes and the end 1 after every beginning of a story", async () => {
    const opened = await open(sample);
    await expectSumsOfOne(opened, beginnings([STORY], 40, 0));
  });

  it("gives every byte of a story the probability of its prefix, and the story no less than its tokens", async () => {
    const opened = await open(sample);
    const score = await byteLevelScore({ ...opened, documents: [STORY], perByte: true });
    const [{ probabilities, bits, tokenBits }] = score.documents;
    expect(bits).toBeLessThanOrEqual(tokenBits);
    const bytes = new TextEncoder().encode(STORY);
    const places = [0, 4, 11, 55, 70, 73, 86, 88, 98];
    const prefixes = places.map((place) => bytes.slice(0, place));
    const { distributions } = await byteDistributions({ ...opened, prefixes });
    for (const [i, place] of places.entries()) {
      expect(probabilities![place], `byte ${place}`).toBeCloseTo(
        distributions[i].probabilities[bytes[place]],
        5,
      );
    }
  });
});

describe.skipIf(realData === undefined)("real models", () => {
  const text = (name: string) => readFile(join(realData!, "text", name), "utf8");

  it("stories260k: 200 beginnings sum to 1, and bytes cost no more than tokens", async () => {
    const opened = await open(join(realData!, "models/stories260k"));
    const documents = splitDocuments(await text("tinystories.txt"), "endoftext");
    await expectSumsOfOne(opened, beginnings(documents, 200, 0));
    const first = documents.slice(0, 20);
    const score = await byteLevelScore({ ...opened, documents: first });
    const tokens = await bitsPerByte({ ...opened, documents: first });
    expect(score.tokenBitsPerByte).toBeCloseTo(tokens.bitsPerByte, 5);
    for (const { bits, tokenBits } of score.documents) expect(bits).toBeLessThanOrEqual(tokenBits);
    expect(score.bitsPerByte).toBeGreaterThan(score.tokenBitsPerByte * 0.98);
  });

  it("shakespeare-char: single characters have the same score as bytes", async () => {
    const opened = await open(join(realData!, "models/shakespeare-char"));
    const document = (await text("shakespeare.txt")).slice(0, 2000);
    await expectSumsOfOne(opened, beginnings([document], 100, 1));
    const score = await byteLevelScore({ ...opened, documents: [document] });
    expect(score.bitsPerByte).toBeCloseTo(score.tokenBitsPerByte, 5);
    expect(score.documents[0].firstByte).toBe(1);
  });
});
