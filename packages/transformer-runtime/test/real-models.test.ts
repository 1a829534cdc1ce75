import { readFileSync } from "node:fs";
import { join } from "node:path";
import { realData } from "@revocab/test-support/real-data";
import { languageModel } from "@revocab/transformer-runtime";
import { describe, expect, it } from "vitest";
import { withTransformer } from "./fixture.ts";

/** Made by `tools/oracle/real-logits.py` with transformers 5.18. */
const expected = JSON.parse(
  readFileSync(new URL("fixtures/real-logits.json", import.meta.url), "utf8"),
) as Record<string, { tokens: number[]; positions: number[]; logits: number[][] }>;

describe.skipIf(realData === undefined)("real models", () => {
  it.each(Object.keys(expected))("%s gives the reference library's logits over its whole context", (name) =>
    withTransformer(join(realData as string, "models", name), async (transformer) => {
      const { tokens, positions, logits } = expected[name];
      const model = languageModel(transformer);
      expect(tokens.length).toBe(model.contextLength);
      const [found] = await model.logits([
        { tokens: Uint32Array.from(tokens), positions: Uint32Array.from(positions) },
      ]);
      const differences = logits.flat().map((value, i) => Math.abs(value - found[i]));
      expect(differences.length).toBe(found.length);
      expect(Math.max(...differences)).toBeLessThan(2e-4);
      await model.close();
    }),
  );
});
