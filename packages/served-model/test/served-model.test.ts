import { openCheckpoint } from "@revocab/checkpoint";
import type { LanguageModel, ProgressEvent } from "@revocab/core";
import { bitsPerByte } from "@revocab/evaluation";
import { readText } from "@revocab/files";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { languageModel, type OpenTransformer, openTransformer } from "@revocab/transformer-runtime";
import { loadTokenizer } from "@revocab/vocabulary";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openServedModel } from "../src/open-served-model.ts";
import { EXPECTED, failureOf, handMade, open, QUERY, serve, VOCABULARY } from "./serving.ts";

/** Runs in this process; the server speaks for it. */
let own: LanguageModel & { close(): Promise<void> };
let transformer: OpenTransformer;

beforeAll(async () => {
  transformer = await openTransformer(await openCheckpoint(SAMPLE_MODEL));
  own = languageModel(transformer);
});
afterAll(async () => {
  await own.close();
  await transformer.close();
  await transformer.checkpoint.close();
});

/** ln P of every token of a prompt but the first. */
async function scoreAll(tokens: Uint32Array): Promise<Float32Array> {
  const targets = tokens.subarray(1);
  const positions = Uint32Array.from(targets, (_, at) => at);
  const [scores] = await own.score([{ tokens: tokens.subarray(0, -1), positions, targets }]);
  return scores as Float32Array;
}

describe("a served model", () => {
  it.each(["vllm", "sglang", "prompt-logprobs", "strict"] as const)(
    "scores a text as the same model does here, where the server has the ways of %s",
    async (engine) => {
      const server = await serve({ score: scoreAll, engine, longest: 200 });
      const tokenizer = await loadTokenizer(SAMPLE_MODEL);
      const { documents } = await readText(SAMPLE_TEXT, { maxBytes: 1000 });
      const options = { tokenizer, documents, context: 100 };
      const here = await bitsPerByte({ ...options, model: own });
      const there = await bitsPerByte({ ...options, model: await open(server) });
      expect(Math.abs(there.bitsPerByte / here.bitsPerByte - 1)).toBeLessThan(1e-6);
      expect({ ...there, bitsPerByte: 0, bitsPerToken: 0, seconds: 0, tokensPerSecond: 0 }).toEqual({
        ...here,
        ...{ bitsPerByte: 0, bitsPerToken: 0, seconds: 0, tokensPerSecond: 0 },
      });
    },
  );

  it.each([
    ["vllm", "echo", true],
    ["sglang", "echo", false],
    ["prompt-logprobs", "prompt_logprobs", true],
    ["strict", "echo", false],
  ] as const)("of a server like %s is asked by %s; ids are compared: %s", async (engine, dialect, hasIds) => {
    const server = await serve({ engine });
    const model = await open(server);
    expect(model).toMatchObject({
      ...{ kind: "causal", dialect, hasIds, servedModel: "sample", server: server.url },
      ...{ contextLength: 63, vocabularySize: VOCABULARY },
    });
    expect(await model.score([QUERY])).toEqual([Float32Array.from(EXPECTED)]);
    expect(server.completions.at(-1)).toMatchObject({ model: "sample", prompt: [5, 6, 7, 8], max_tokens: 1 });
  });

  it("scores any target at any position, with a prompt of its own where the text goes on otherwise", async () => {
    const server = await serve();
    const model = await open(server);
    const before = server.completions.length;
    const scores = await model.score([
      { tokens: QUERY.tokens, positions: Uint32Array.of(1, 0, 0), targets: Uint32Array.of(7, 9, 6) },
      { tokens: QUERY.tokens, positions: Uint32Array.of(2, 2), targets: Uint32Array.of(3, 4) },
      { tokens: QUERY.tokens, positions: new Uint32Array(0), targets: new Uint32Array(0) },
    ]);
    expect(scores).toEqual([
      Float32Array.of(-1 - 0 - 1 / 8, -1 - 2, -1 - 6),
      Float32Array.of(-1 - 3 - 2 / 8, -1 - 4 - 2 / 8),
      new Float32Array(0),
    ]);
    const prompts = server.completions.slice(before).map(({ prompt }) => (prompt as number[]).join());
    expect(prompts.sort()).toEqual(["5,6,7", "5,6,7,3", "5,6,7,4", "5,9"]);
  });

  it("is asked by as many requests at once as are wanted, and reports each answer", async () => {
    const score = async (tokens: Uint32Array) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return handMade(tokens);
    };
    const server = await serve({ score });
    const model = await open(server, { requests: 3 });
    const events: ProgressEvent[] = [];
    const queries = Array.from({ length: 10 }, () => QUERY);
    const scores = await model.score(queries, { onProgress: (event) => void events.push(event) });
    expect(scores).toEqual(queries.map(() => Float32Array.from(EXPECTED)));
    expect(server.mostAtOnce()).toBe(3);
    expect(events).toEqual(
      queries.map((_, i) => ({
        type: "progress",
        step: "score",
        done: 3 * (i + 1),
        total: 30,
        unit: "tokens",
      })),
    );
  });

  it("has no whole distributions, and says so", async () => {
    const model = await open(await serve());
    expect(await failureOf(model.distributions([QUERY], async () => {}))).toMatchObject({
      code: "unsupported_server",
    });
  });

  it("says how the server encodes a text, or that it does not say", async () => {
    const encode = async (text: string) => [...text].map((character) => character.length);
    expect(await (await open(await serve({ encode }))).encode("abc")).toEqual([1, 1, 1]);
    expect(await (await open(await serve())).encode("abc")).toBeUndefined();
  });
});

describe("the model at the server", () => {
  it("is named where there are several, and must be among them", async () => {
    const server = await serve({ models: ["one", "two"] });
    expect((await open(server, { servedModel: "two" })).servedModel).toBe("two");
    for (const servedModel of [undefined, "three"]) {
      const { code, message, hint } = await failureOf(open(server, { servedModel }));
      expect({ code, hint }).toEqual({ code: "bad_options", hint: "pass one of them as `servedModel`" });
      expect(message).toMatch(/\/v1 lists one, two$/);
    }
  });

  it("has the context length that the server says, less one token; else the one that is given", async () => {
    expect((await open(await serve({ longest: 32 }), { contextLength: 50 })).contextLength).toBe(31);
    const silent = await serve({ longest: undefined });
    expect((await open(silent, { contextLength: 50 })).contextLength).toBe(50);
    expect(await failureOf(open(silent))).toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(/does not say how long the model's context is$/),
    });
  });

  it("need not be listed where its name and its context length are given", async () => {
    const server = await serve();
    server.misbehave({ path: /models/, times: 9, fault: { kind: "status", status: 500 } });
    expect(await failureOf(open(server))).toMatchObject({ code: "server_failed" });
    expect((await open(server, { servedModel: "sample", contextLength: 9 })).contextLength).toBe(9);
  });
});

describe("a server that does not score prompts is refused, with what it said", () => {
  it.each([
    [
      "llama.cpp",
      /to echo it answered 500, "Only no echo is supported"; to prompt_logprobs it gave 0 log-probabilities for a prompt of 3 tokens/,
    ],
    ["text-only", /to echo it answered 422, "prompt must be a string\."/],
  ] as const)("%s", async (engine, message) => {
    const { code, hint, message: said } = await failureOf(open(await serve({ engine })));
    expect(code).toBe("unsupported_server");
    expect(said).toMatch(message);
    expect(hint).toMatch(/vLLM or SGLang/);
  });
});

it.each([
  "127.0.0.1:8000",
  "ftp://127.0.0.1/v1",
  "http://me:secret@127.0.0.1/v1",
  "http://127.0.0.1/v1?key=secret",
])("an address that is none is refused, and not quoted: %s", async (server) => {
  const { code, message } = await failureOf(openServedModel({ server, vocabularySize: 9 }));
  expect({ code, message }).toEqual({
    code: "bad_options",
    message: "`server` is no address such as http://127.0.0.1:8000/v1",
  });
});

it.each([0, 1.5, 2000])("%d requests at once are refused", async (requests) => {
  const work = openServedModel({ server: "http://127.0.0.1:9/v1", vocabularySize: 9, requests });
  expect(await failureOf(work)).toMatchObject({ code: "bad_options" });
});
