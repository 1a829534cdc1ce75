import { describe, expect, it } from "vitest";
import { sampleToken } from "../src/sample-token.ts";

const logits = Float32Array.from([0, Math.log(2), Math.log(5), Math.log(2)]); // probabilities .1 .2 .5 .2
const any = () => true;
/** How often each token comes when the random number runs evenly over [0, 1). */
function shares(
  options: Parameters<typeof sampleToken>[1],
  isAllowed: (id: number) => boolean = any,
): number[] {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 1000; i++) counts[sampleToken(logits, options, isAllowed, () => (i + 0.5) / 1000)]++;
  return counts.map((count) => Math.round(count / 10));
}

describe("the next token", () => {
  it("is the most probable at temperature 0, the lower id of equals, and never one that is not allowed", () => {
    expect(sampleToken(logits, {}, any, Math.random)).toBe(2);
    expect(sampleToken(logits, {}, (id) => id !== 2, Math.random)).toBe(1);
  });

  it("comes as often as its probability says at temperature 1", () => {
    expect(shares({ temperature: 1 })).toEqual([10, 20, 50, 20]);
    expect(shares({ temperature: 1 }, (id) => id !== 2)).toEqual([20, 40, 0, 40]);
  });

  it("is drawn from fewer tokens with topK and topP, and from all more evenly when it is hot", () => {
    expect(shares({ temperature: 1, topK: 1 })).toEqual([0, 0, 100, 0]);
    expect(shares({ temperature: 1, topK: 2 })).toEqual([0, 29, 71, 0]);
    expect(shares({ temperature: 1, topP: 0.6 })).toEqual([0, 29, 71, 0]);
    expect(shares({ temperature: 1e6 })).toEqual([25, 25, 25, 25]);
  });
});
