import { languageModel, writeTexts } from "@revocab/transformer-runtime";
import { describe, expect, it } from "vitest";
import { fixtureFolder, withTransformer } from "./fixture.ts";

const none = new Set<number>();
const options = { openings: [5], keepsOpening: false, ends: none, isAllowed: () => true, tokens: 600 };

describe("texts that a model writes", () => {
  it("are the same for the same seed and any number of threads, and others for another seed", async () => {
    const write = (threads: number, seed: number) =>
      withTransformer(
        fixtureFolder("llama-tied"),
        async (transformer) => writeTexts({ ...options, model: languageModel(transformer), seed }),
        { job: { threads } },
      );
    const one = await write(1, 3);
    expect(await write(2, 3)).toEqual(one);
    expect(await write(1, 4)).not.toEqual(one);
    expect(new Set(one.map(String)).size).toBe(one.length);
    expect(one.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThanOrEqual(600);
  });

  it("have each token as often as the model finds it probable after the tokens before", () =>
    withTransformer(fixtureFolder("llama-tied"), async (transformer) => {
      const model = languageModel(transformer);
      const texts = await writeTexts({ ...options, model, tokens: 20_000 });
      const [logits] = await model.logits([{ tokens: Uint32Array.of(5), positions: Uint32Array.of(0) }]);
      const largest = Math.max(...logits);
      const weights = Array.from(logits, (logit) => Math.exp(logit - largest));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      // of the first tokens, the half that is most probable comes as often as its probability says
      const likely = new Set(
        [...weights.keys()].sort((a, b) => weights[b] - weights[a]).slice(0, weights.length / 2),
      );
      const expected = [...likely].reduce((sum, id) => sum + weights[id] / total, 0);
      const found = texts.filter(([first]) => likely.has(first)).length / texts.length;
      expect(Math.abs(found - expected)).toBeLessThan(
        4 * Math.sqrt((expected * (1 - expected)) / texts.length),
      );
      await model.close();
    }));

  it("have no token that is not allowed, end before one that ends a text, and keep an opening that is drawn", () =>
    withTransformer(fixtureFolder("llama-tied"), async (transformer) => {
      const model = languageModel(transformer);
      const openings = [7, 8, 9];
      const ends = new Set(Array.from({ length: 12 }, (_, i) => i + 20));
      const isAllowed = (id: number) => id !== 11 && id !== 12;
      const texts = await writeTexts({ ...options, openings, keepsOpening: true, ends, isAllowed, model });
      expect(texts.flatMap((text) => [...text]).filter((id) => ends.has(id) || !isAllowed(id))).toEqual([]);
      expect(new Set(texts.map(([first]) => first))).toEqual(new Set(openings));
      expect(new Set(texts.map(({ length }) => length)).size).toBeGreaterThan(3);
      await model.close();
    }));

  it("are none where every text ends as it begins", () =>
    withTransformer(fixtureFolder("gpt2"), async (transformer) => {
      const model = languageModel(transformer);
      const all = new Set(Array.from({ length: model.vocabularySize }, (_, id) => id));
      expect(await writeTexts({ ...options, ends: all, model })).toEqual([]);
      await model.close();
    }));

  it("are refused by a masked model, and can be stopped", async () => {
    await withTransformer(fixtureFolder("bert"), async (transformer) => {
      const model = languageModel(transformer);
      await expect(writeTexts({ ...options, model })).rejects.toMatchObject({ code: "bad_options" });
    });
    await withTransformer(fixtureFolder("gpt2"), async (transformer) => {
      const stop = new AbortController();
      const model = languageModel(transformer);
      const writing = writeTexts({
        ...options,
        model,
        job: { abortSignal: stop.signal },
        onTokens: (done) => done > 100 && stop.abort(),
      });
      await expect(writing).rejects.toMatchObject({ code: "aborted" });
    });
  });
});
