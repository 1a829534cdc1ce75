import { generate, languageModel } from "@revocab/transformer-runtime";
import { describe, expect, it } from "vitest";
import { fixtureFolder, withTransformer } from "./fixture.ts";

const prompt = Uint32Array.of(5, 9, 33);

describe("continuing a text", () => {
  it("greedily takes what the model finds most probable, token by token", () =>
    withTransformer(fixtureFolder("llama-tied"), async (transformer) => {
      const model = languageModel(transformer);
      const { tokens, endedBy } = await generate({ model, tokens: prompt, maxTokens: 5 });
      expect(endedBy).toBe("length");
      const whole = Uint32Array.from([...prompt, ...tokens]);
      const positions = Uint32Array.from(tokens, (_, i) => prompt.length - 1 + i);
      const [logits] = await model.logits([{ tokens: whole, positions }]);
      const V = model.vocabularySize;
      for (const [i, token] of tokens.entries()) {
        const row = logits.subarray(i * V, (i + 1) * V);
        expect(row[token]).toBeGreaterThanOrEqual(Math.max(...row) - 1e-4);
      }
      await model.close();
    }));

  it("draws the same tokens for the same seed, and others for another", () =>
    withTransformer(fixtureFolder("llama-tied"), async (transformer) => {
      const model = languageModel(transformer);
      const draw = async (seed: number) =>
        (await generate({ model, tokens: prompt, maxTokens: 12, temperature: 1, seed })).tokens;
      expect(await draw(1)).toEqual(await draw(1));
      expect(await draw(1)).not.toEqual(await draw(2));
      await model.close();
    }));

  it("ends at a stop token, which is not part of the text, and where the context is full", () =>
    withTransformer(fixtureFolder("gpt2"), async (transformer) => {
      const model = languageModel(transformer);
      const { tokens } = await generate({ model, tokens: prompt, maxTokens: 4 });
      const stopped = await generate({ model, tokens: prompt, maxTokens: 4, stop: new Set([tokens[0]]) });
      expect(stopped).toEqual({ tokens: new Uint32Array(0), endedBy: "stop" });
      const full = await generate({ model, tokens: prompt, maxTokens: 10_000 });
      expect(full.endedBy).toBe("context");
      expect(prompt.length + full.tokens.length).toBe(model.contextLength + 1);
      await model.close();
    }));

  it("is refused for a masked model, and for no prompt at all", async () => {
    await withTransformer(fixtureFolder("bert"), async (transformer) => {
      const model = languageModel(transformer);
      await expect(generate({ model, tokens: prompt })).rejects.toMatchObject({ code: "bad_options" });
    });
    await withTransformer(fixtureFolder("gpt2"), async (transformer) => {
      const model = languageModel(transformer);
      const none = new Uint32Array(0);
      await expect(generate({ model, tokens: none })).rejects.toMatchObject({ code: "bad_options" });
    });
  });
});
