import { type Checkpoint, openCheckpoint } from "@revocab/checkpoint";
import type { InitMethod, Vocabulary } from "@revocab/core";
import { copyOverlap, mean, random, subtokenMean, withFallback } from "@revocab/embedding-init";
import { leaveOut } from "@revocab/measure";
import { realData } from "@revocab/test-support/real-data";
import { loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

describe.skipIf(realData === undefined)("leaving out tokens of stories260k", () => {
  let checkpoint: Checkpoint;
  let tokenizer: Tokenizer;

  beforeAll(async () => {
    checkpoint = await openCheckpoint(`${realData}/models/stories260k`);
    tokenizer = await loadTokenizer(`${realData}/models/stories260k`);
  });
  afterAll(() => checkpoint?.close());

  it.each([
    { name: "tinystories-bpe-1024", sharedTokens: 235, seeds: 8 },
    { name: "gpt2", sharedTokens: 246, seeds: 4 },
  ])("$name: sub-tokens guess better than the mean row, that better than chance", async (target) => {
    const { vocabulary } = await loadTokenizer(`${realData}/tokenizers/${target.name}`);
    const figuresOf = (method: InitMethod) => averageFigures(method, { ...target, vocabulary });
    const pieces = await figuresOf(subtokenMean());
    const average = await figuresOf(mean());
    const chance = await figuresOf(random());
    // 0.23 and 0.29, 0.05 and 0.12, 0.00 and 0.00
    expect(pieces.cosine).toBeGreaterThan(average.cosine + 0.1);
    expect(average.cosine).toBeGreaterThan(chance.cosine + 0.03);
    expect(Math.abs(chance.cosine)).toBeLessThan(0.02);
    // Of 512 rows: 107 and 134; 280 and 212, whose distance from 256 is that of so few tokens.
    expect(pieces.rank).toBeLessThan(160);
    expect(Math.abs(chance.rank - 256)).toBeLessThan(60);
  });

  /** Means over several seeds: two dozen tokens are hidden for each. */
  async function averageFigures(
    method: InitMethod,
    { vocabulary, sharedTokens, seeds }: { vocabulary: Vocabulary; sharedTokens: number; seeds: number },
  ) {
    const sum = { cosine: 0, rank: 0 };
    for (let seed = 0; seed < seeds; seed++) {
      const result = await leaveOut({
        source: { tokenizer, tables: checkpoint.tables },
        target: { vocabulary },
        method: withFallback(copyOverlap(), method, mean()),
        seed,
        initializerRange: checkpoint.initializerRange,
      });
      expect(result.sharedTokens).toBe(sharedTokens);
      expect(result.tables.map(({ slot }) => slot)).toEqual(["input"]);
      const [{ cosine, rank }] = result.tables;
      sum.cosine += cosine.mean / seeds;
      sum.rank += rank.median / seeds;
    }
    return sum;
  }
});
