import { bitsPerByte, evaluateText, pseudoLikelihood } from "@revocab/evaluation";
import { special } from "@revocab/test-support/hand-made-vocabulary";
import { SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { loadTokenizer } from "@revocab/vocabulary";
import { expect, it } from "vitest";
import { characterTokenizer } from "./character-tokenizer.ts";
import { handMadeModel, uniformModel } from "./hand-made-models.ts";

const logarithmOf = (tokens: Uint32Array, position: number, target: number) =>
  -1 - tokens[position] / (2 + target);
const SECONDS = { seconds: expect.any(Number), tokensPerSecond: expect.any(Number) };
const shared = {
  tokenizer: characterTokenizer("abcd", special("<s>", "bos"), special("<mask>", "mask")),
  documents: ["abcdabcd", "dcba"],
};

it("a causal model gets bits per byte, with the options that are its own", async () => {
  const model = handMadeModel({ vocabularySize: 8 }, logarithmOf);
  const options = { ...shared, model, context: 4, stride: 2, bos: "never" } as const;
  expect(await evaluateText({ ...options, samples: 3, seed: 4 })).toEqual({
    ...(await bitsPerByte(options)),
    ...SECONDS,
  });
});

it("a masked model gets the pseudo-likelihood, with the options that are its own", async () => {
  const model = handMadeModel({ kind: "masked", vocabularySize: 8 }, logarithmOf);
  const options = { ...shared, model, context: 4, samples: 5, seed: 3 };
  expect(await evaluateText({ ...options, stride: 1, bos: "never" })).toEqual({
    ...(await pseudoLikelihood(options)),
    ...SECONDS,
  });
});

it("the result is plain data", async () => {
  const model = uniformModel({ vocabularySize: 8 });
  const result = await evaluateText({ ...shared, model });
  expect(JSON.parse(JSON.stringify(result))).toEqual(result);
});

it("a real tokenizer's BOS stands before each document, and every token is scored", async () => {
  const tokenizer = await loadTokenizer(SAMPLE_TOKENIZER);
  const documents = ["Once upon a time there was a little girl.", "She had a dog."];
  const model = uniformModel({ vocabularySize: tokenizer.vocabulary.size, contextLength: 16 });
  const result = await evaluateText({ model, tokenizer, documents });
  if (result.kind !== "bits-per-byte") throw new Error("expected bits per byte");
  const tokens = (await Promise.all(documents.map((document) => tokenizer.encode(document)))).flatMap(
    (ids) => [...ids],
  );
  expect(result).toMatchObject({ bos: "<s>", tokens: tokens.length, scoredTokens: tokens.length });
  expect(model.calls.flat().reduce((sum, { targets }) => sum + targets.length, 0)).toBe(tokens.length);
  const bits = tokens.length * Math.log2(tokenizer.vocabulary.size);
  expect(result.bitsPerByte).toBeCloseTo(bits / Buffer.byteLength(documents.join("")), 5);
});

it("an unknown token that a text has in writing is counted, but is not said to hide anything", async () => {
  const tokenizer = await loadTokenizer(SAMPLE_TOKENIZER);
  const model = uniformModel({ vocabularySize: tokenizer.vocabulary.size, contextLength: 16 });
  const result = await evaluateText({ model, tokenizer, documents: ["The <unk> and <unk>."] });
  expect(result.unknownTokens.count).toBe(2);
  expect(result.notes).toEqual(["the text itself has <unk> in 2 places; each is scored as that one token"]);
});
