import { openCheckpoint } from "@revocab/checkpoint";
import type { LanguageModel } from "@revocab/core";
import { type LoopbackModels, startLoopbackModels } from "@revocab/loopback-hub";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { languageModel, openTransformer } from "@revocab/transformer-runtime";
import { loadTokenizer } from "@revocab/vocabulary";
import { afterAll, beforeAll, expect, it } from "vitest";
import { evaluateModel } from "../src/evaluate-model.ts";
import { type EvaluateServedOptions, evaluateServedModel } from "../src/evaluate-served-model.ts";

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

/** The sample model behind two servers: one says how it encodes a text. */
let open: LoopbackModels;
let reserved: LoopbackModels;

beforeAll(async () => {
  const checkpoint = await openCheckpoint(SAMPLE_MODEL);
  const transformer = await openTransformer(checkpoint);
  const model = languageModel(transformer);
  closing.push(checkpoint.close, transformer.close, model.close);
  const tokenizer = await loadTokenizer(SAMPLE_MODEL);
  const score = (tokens: Uint32Array) => scoreAll(model, tokens);
  const encode = (text: string) => tokenizer.encode(text);
  open = await startLoopbackModels({ score, encode, longest: 257 });
  reserved = await startLoopbackModels({ score, engine: "sglang" });
  closing.push(open.close, reserved.close);
});

async function scoreAll(model: LanguageModel, tokens: Uint32Array): Promise<Float32Array> {
  const targets = tokens.subarray(1);
  const positions = Uint32Array.from(targets, (_, at) => at);
  const [scores] = await model.score([{ tokens: tokens.subarray(0, -1), positions, targets }]);
  return scores as Float32Array;
}

const evaluate = ({ url }: LoopbackModels, options: Partial<EvaluateServedOptions> = {}) =>
  evaluateServedModel({
    ...{ server: url, tokenizer: SAMPLE_MODEL, text: SAMPLE_TEXT, maxBytes: 1000, ...options },
  });

const NUMBER_FORMAT = "computed by the server in its own number format, which it does not say";

it("a served model has the figures of its folder, and says what was asked", async () => {
  const here = await evaluateModel({ model: SAMPLE_MODEL, text: SAMPLE_TEXT, maxBytes: 1000 });
  const there = await evaluate(open);
  if (here.kind !== "bits-per-byte") return expect.fail("the sample model is causal");
  expect(Math.abs(there.bitsPerByte / here.bitsPerByte - 1)).toBeLessThan(1e-6);
  const times = { bitsPerByte: 0, bitsPerToken: 0, seconds: 0, tokensPerSecond: 0 };
  expect({ ...there, ...times }).toEqual({
    ...here,
    ...times,
    served: { server: open.url, model: "sample", dialect: "echo" },
    notes: [NUMBER_FORMAT, ...here.notes],
  });
});

it("a served model's tokens cost what they cost in its folder", async () => {
  const options = { model: SAMPLE_MODEL, text: SAMPLE_TEXT, maxBytes: 1000, byToken: true };
  const here = (await evaluateModel(options)).byToken!;
  const there = (await evaluate(open, { byToken: true })).byToken!;
  expect(there.tokens.map(({ token, count }) => [token, count])).toEqual(
    here.tokens.map(({ token, count }) => [token, count]),
  );
  expect(there.bits).toBeCloseTo(here.bits, 3);
});

it("what could not be checked is noted: the tokenizer, and the ids of the tokens", async () => {
  expect((await evaluate(reserved, { context: 256 })).notes).toEqual([
    NUMBER_FORMAT,
    "the server does not say how it encodes a text: that the tokenizer is its model's could not be checked",
    "the server does not name the ids of the tokens it scored: only their number was checked",
  ]);
});

it("another tokenizer than the server's is refused, with the first token that differs", async () => {
  const scored = open.completions.length;
  await expect(evaluate(open, { tokenizer: SAMPLE_TOKENIZER })).rejects.toMatchObject({
    code: "bad_tokenizer",
    message: expect.stringMatching(
      /sample\/tokenizer encodes ".{40}" otherwise than sample at http:.*: token \d+ has id \d+ here and \d+ there$/,
    ),
    hint: "pass the tokenizer of the served model as `tokenizer`",
  });
  // the one prompt by which it is found out how prompts are scored
  expect(open.completions.length).toBe(scored + 1);
});

it("a context is wanted where the server does not say it, and kept to where it does", async () => {
  await expect(evaluate(reserved)).rejects.toMatchObject({
    code: "bad_options",
    hint: "pass `contextLength`, at most that of the model",
  });
  await expect(evaluate(open, { context: 257 })).rejects.toMatchObject({ code: "context_too_long" });
});
