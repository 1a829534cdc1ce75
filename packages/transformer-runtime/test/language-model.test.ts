import { openCheckpoint } from "@revocab/checkpoint";
import { storeMatrix } from "@revocab/matrix";
import { languageModel, openTransformer, tablesOf } from "@revocab/transformer-runtime";
import { describe, expect, it } from "vitest";
import { fixtureFolder, withTransformer } from "./fixture.ts";

const tokens = Uint32Array.of(5, 9, 33, 12, 7, 7, 41, 20, 3, 18, 50, 2);
const all = (sequence: Uint32Array) => ({ tokens: sequence, positions: Uint32Array.from(sequence.keys()) });

function furthest(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

describe("a language model", () => {
  it.each(["llama-tied", "mistral", "gemma2", "gpt2", "bert", "modernbert"])(
    "%s says the same of a sequence alone and beside longer and shorter ones",
    (name) =>
      withTransformer(fixtureFolder(name), async (transformer) => {
        const model = languageModel(transformer);
        const queries = [all(tokens.subarray(0, 5)), all(tokens), all(tokens.subarray(3, 4))];
        const together = await model.logits(queries);
        for (const [i, query] of queries.entries()) {
          const [alone] = await model.logits([query]);
          expect(furthest(alone, together[i])).toBeLessThan(1e-4);
        }
        await model.close();
      }),
  );

  it.each(["llama-tied", "mistral", "gemma2", "gemma3-text", "gpt2", "gpt-neox", "phi3", "smollm3"])(
    "%s says the same token by token, with what it keeps of the earlier ones, as at once",
    (name) =>
      withTransformer(fixtureFolder(name), async (transformer) => {
        const model = languageModel(transformer);
        const [whole] = await model.logits([{ tokens, positions: Uint32Array.of(tokens.length - 1) }]);
        let step = await model.continue(tokens.subarray(0, 4));
        for (const token of tokens.subarray(4))
          step = await model.continue(Uint32Array.of(token), { cache: step.cache });
        expect(furthest(step.logits, whole)).toBeLessThan(1e-4);
        await model.close();
      }),
  );

  it.each(["llama-tied", "mistral", "gemma2", "gpt2", "phi3-longrope", "llama-rope-dynamic"])(
    "%s says the same of a long sequence in pieces as at once, and of short ones after it",
    async (name) => {
      const run = (attentionBytes: number) =>
        withTransformer(
          fixtureFolder(name),
          async (transformer) => {
            const model = languageModel(transformer);
            const long = Uint32Array.from({ length: 23 }, (_, i) => (i * 7) % 50);
            const logits = await model.logits([
              all(long),
              all(tokens.subarray(0, 3)),
              all(tokens.subarray(0, 2)),
            ]);
            await model.close();
            return logits;
          },
          { attentionBytes },
        );
      const whole = await run(256e6);
      const pieces = await run(4 * 4 * 23 * 5); // five positions at a time where there are four heads
      for (const [i, logits] of whole.entries()) expect(furthest(logits, pieces[i])).toBeLessThan(1e-4);
    },
  );

  it("gives probabilities that sum to 1, and scores that are theirs", () =>
    withTransformer(fixtureFolder("llama-untied"), async (transformer) => {
      const model = languageModel(transformer);
      const positions = Uint32Array.of(0, 4, 11);
      const targets = Uint32Array.of(1, 2, 3);
      let distribution = new Float32Array(0);
      await model.distributions([{ tokens, positions }], async (_, logarithms) => {
        distribution = logarithms.slice();
      });
      const [scores] = await model.score([{ tokens, positions, targets }]);
      const V = model.vocabularySize;
      for (let i = 0; i < positions.length; i++) {
        const row = distribution.subarray(i * V, (i + 1) * V);
        expect(row.reduce((sum, value) => sum + Math.exp(value), 0)).toBeCloseTo(1, 5);
        expect(scores[i]).toBeCloseTo(row[targets[i]], 5);
      }
      await model.close();
    }));

  it("with other tables is the model that has them: rows in another order give logits in that order", () =>
    withTransformer(fixtureFolder("llama-untied"), async (transformer, checkpoint) => {
      const own = tablesOf(checkpoint);
      const reverse = async (matrix: typeof own.input) => {
        const { rows, columns } = matrix;
        const bytes = new Uint8Array(rows * columns * 4);
        await matrix.readRows(0, rows, bytes);
        const values = new Float32Array(bytes.buffer);
        const data = Float32Array.from(
          { length: values.length },
          (_, i) => values[(rows - 1 - Math.floor(i / columns)) * columns + (i % columns)],
        );
        return storeMatrix({ rows, columns, data });
      };
      const plain = languageModel(transformer);
      const swapped = languageModel(transformer, {
        input: await reverse(own.input),
        output: await reverse(own.output),
      });
      const last = plain.vocabularySize - 1;
      const [before] = await plain.logits([all(tokens)]);
      const [after] = await swapped.logits([all(tokens.map((token) => last - token))]);
      const turned = after.map((_, i) => after[i - (i % (last + 1)) + last - (i % (last + 1))]);
      expect(furthest(before, turned)).toBeLessThan(1e-5);
      await swapped.close();
      await plain.close();
    }));

  it("refuses sequences and tokens beyond its own, and stops when told", () =>
    withTransformer(fixtureFolder("gpt2"), async (transformer) => {
      const model = languageModel(transformer);
      const long = all(new Uint32Array(model.contextLength + 1));
      await expect(model.logits([long])).rejects.toMatchObject({ code: "context_too_long" });
      const beyond = Uint32Array.of(model.vocabularySize);
      await expect(model.logits([all(beyond)])).rejects.toMatchObject({ code: "shape_mismatch" });
      const query = { tokens, positions: Uint32Array.of(0), targets: beyond };
      await expect(model.score([query])).rejects.toMatchObject({ code: "shape_mismatch" });
      const abortSignal = AbortSignal.abort();
      await expect(model.logits([all(tokens)], { abortSignal })).rejects.toMatchObject({ code: "aborted" });
      await model.close();
    }));

  it("uses one thread or several to the same result", async () => {
    const run = (threads: number) =>
      withTransformer(
        fixtureFolder("qwen3"),
        async (transformer) => (await languageModel(transformer).logits([all(tokens)]))[0],
        { job: { threads } },
      );
    expect(furthest(await run(1), await run(2))).toBeLessThan(1e-5);
  });
});

describe("a model without a head", () => {
  it("is refused as a language model", async () => {
    const checkpoint = await openCheckpoint(fixtureFolder("llama-untied"));
    const headless = { ...checkpoint, tables: checkpoint.tables.filter(({ slot }) => slot === "input") };
    const transformer = await openTransformer(headless);
    expect(() => languageModel(transformer)).toThrow(
      expect.objectContaining({ code: "unsupported_checkpoint" }),
    );
    await transformer.close();
    await checkpoint.close();
  });
});
