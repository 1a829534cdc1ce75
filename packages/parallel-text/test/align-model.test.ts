import { describe, expect, it } from "vitest";
import { alignDirection, digamma } from "../src/align/align-direction.ts";
import { alignedCorpus } from "../src/align/aligned-corpus.ts";
import { diagonalPrior, expectedDiagonality } from "../src/align/diagonal-prior.ts";

describe("digamma", () => {
  it("is −γ at 1, −γ − 2 ln 2 at ½, and rises by 1/x from x to x + 1", () => {
    const gamma = 0.5772156649015329;
    expect(digamma(1)).toBeCloseTo(-gamma, 12);
    expect(digamma(0.5)).toBeCloseTo(-gamma - 2 * Math.log(2), 12);
    for (const x of [0.01, 0.3, 2.5, 7.9, 8.1, 1e4]) {
      expect(digamma(x + 1) - digamma(x)).toBeCloseTo(1 / x, 10);
    }
  });
});

describe("the diagonal prior", () => {
  it("is e^{λh} over its sum for every generated word", () => {
    // n = 2, m = 1: h is −|½ − 1| and −|1 − 1|
    const [far, near] = diagonalPrior(2, 1, 3);
    expect(near / far).toBeCloseTo(Math.exp(1.5), 12);
    expect(near + far).toBeCloseTo(1, 12);
    expect(Array.from(diagonalPrior(4, 1, 0))).toEqual([0.25, 0.25, 0.25, 0.25]);
  });

  it("expects a diagonality that the plain sum over its own numbers gives", () => {
    for (const [n, m, tension] of [
      [1, 1, 4],
      [3, 7, 0.1],
      [7, 3, 4],
      [12, 13, 14],
      [60, 2, 9],
    ]) {
      const prior = diagonalPrior(n, m, tension);
      let plain = 0;
      for (let j = 0; j < m; j++) {
        for (let i = 0; i < n; i++) plain -= prior[j * n + i] * Math.abs((i + 1) / n - (j + 1) / m);
      }
      expect(expectedDiagonality(n, m, tension)).toBeCloseTo(plain, 10);
    }
  });
});

describe("a corpus for the aligner", () => {
  it("numbers words in order of occurrence and every pair of one line once", () => {
    // a b | x y and b | y: pairs a-x a-y b-x b-y
    const corpus = alignedCorpus([["a", "b"], ["b"], []], [["x", "y"], ["y"], ["z"]]);
    expect(Array.from(corpus.pairSource)).toEqual([0, 0, 1, 1]);
    expect(Array.from(corpus.pairTarget)).toEqual([0, 1, 0, 1]);
    expect(Array.from(corpus.cells)).toEqual([0, 1, 2, 3, 3]);
    expect(Array.from(corpus.cellOffsets)).toEqual([0, 4, 5, 5]);
    expect(corpus.targetSize).toBe(2);
  });
});

describe("one direction of the aligner", () => {
  // two lines, in which only the company of words says what they mean: b = y by line 2, so a = x
  const corpus = alignedCorpus([["a", "b"], ["b"]], [["y", "x"], ["y"]]);

  it("takes the prior alone in its first pass", () => {
    // every translation is as likely as any: λ = 4 decides, and no word is explained by none
    const { links, bitsPerWord, nullShare } = alignDirection(corpus, { isReverse: false, iterations: 1 })!;
    expect(Array.from(links)).toEqual([0, 1, 0]);
    expect(bitsPerWord).toBeCloseTo(1, 12);
    expect(nullShare).toBeCloseTo(0.08, 12);
  });

  it("counts the shares of a pass and takes exp ψ of them, as worked by hand", () => {
    // line 1: the first target word, near its diagonal: prior 1/(1 + e^{−2}) for a; 0.92 of it, and 0.08 for none
    const near = 1 / (1 + Math.exp(-2));
    const first = { a: 0.92 * near, b: 0.92 * (1 - near) };
    const counts = { ay: first.a, ax: first.b, by: first.b + 0.92, bx: first.a };
    const alpha = 0.01;
    const share = (count: number, total: number) =>
      Math.exp(digamma(count + alpha) - digamma(total + 2 * alpha));
    const table = {
      ay: share(counts.ay, counts.ay + counts.ax),
      ax: share(counts.ax, counts.ay + counts.ax),
      by: share(counts.by, counts.by + counts.bx),
      bx: share(counts.bx, counts.by + counts.bx),
      ny: share(0.16, 0.24),
      nx: share(0.08, 0.24),
    };
    const bits = -(
      Math.log2(0.92 * (near * table.ay + (1 - near) * table.by) + 0.08 * table.ny) +
      Math.log2(0.92 * ((1 - near) * table.ax + near * table.bx) + 0.08 * table.nx) +
      Math.log2(0.92 * table.by + 0.08 * table.ny)
    );
    const found = alignDirection(corpus, { isReverse: false, iterations: 2 })!;
    expect(found.bitsPerWord).toBeCloseTo(bits / 3, 12);
    expect(found.tension).toBe(4);
  });

  it("learns from the company of words what a diagonal cannot say", () => {
    // two of five words a line, each with a translation of its own; every other line is crossed
    const words = [0, 1, 2, 3, 4].flatMap((a) => [1, 2, 3].map((step) => [a, (a + step) % 5]));
    const crosses = (line: number) => line % 2 === 1;
    const mixed = alignedCorpus(
      words.map((line) => line.map((word) => `s${word}`)),
      words.map((line, at) => (crosses(at) ? line.toReversed() : line).map((word) => `t${word}`)),
    );
    const right = words.flatMap((_, line) => (crosses(line) ? [1, 0] : [0, 1]));
    for (const isReverse of [false, true]) {
      const { links } = alignDirection(mixed, { isReverse, iterations: 8 })!;
      expect(Array.from(links)).toEqual(right);
      expect(Array.from(alignDirection(mixed, { isReverse, iterations: 1 })!.links)).not.toEqual(right);
    }
  });

  it("stops when it is told to", () => {
    expect(alignDirection(corpus, { isReverse: false, iterations: 3, goesOn: (done) => done < 2 })).toBe(
      undefined,
    );
  });
});
