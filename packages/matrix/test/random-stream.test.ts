import { randomStream } from "@revocab/matrix";
import { describe, expect, it } from "vitest";
import { naturalLogarithm, philox } from "../src/random-stream.ts";

describe("philox", () => {
  // Random123 1.14, tests/kat_vectors, "philox4x32 10".
  it.each([
    [[0, 0, 0, 0, 0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [Array(6).fill(0xffffffff), "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0],
      "d16cfe09 94fdcceb 5001e420 24126ea1",
    ],
  ])("gives the published answer for %j", (words, expected) => {
    const [c0, c1, c2, c3, k0, k1] = words as number[];
    const found = new Uint32Array(4);
    philox(c0, c1, c2, c3, k0, k1, found);
    expect([...found].map((word) => word.toString(16).padStart(8, "0")).join(" ")).toBe(expected);
  });
});

describe("naturalLogarithm", () => {
  it("is Math.log within one unit in the last place", () => {
    const { uniform } = randomStream(3, 0);
    for (let i = 0; i < 100_000; i++) {
      const x = uniform() ** 4 + Number.MIN_VALUE * 2 ** 60;
      const difference = Math.abs(naturalLogarithm(x) - Math.log(x));
      expect(difference).toBeLessThanOrEqual(Math.abs(Math.log(x)) * 2 ** -51);
    }
    expect(naturalLogarithm(1)).toBe(0);
  });
});

describe("randomStream", () => {
  it("has uniforms and normals with the moments of their distributions", () => {
    const count = 400_000;
    const { uniform, normal } = randomStream(42, 7);
    const uniforms = Array.from({ length: count }, uniform);
    const normals = Array.from({ length: count }, normal);
    expect(uniforms.every((u) => u >= 0 && u < 1)).toBe(true);
    expect(Math.abs(moment(uniforms, 1) - 1 / 2)).toBeLessThan(0.003);
    expect(Math.abs(moment(uniforms, 2) - 1 / 3)).toBeLessThan(0.003);
    for (const [power, expected, bound] of [
      [1, 0, 0.01],
      [2, 1, 0.015],
      [3, 0, 0.04],
      [4, 3, 0.1],
    ]) {
      expect(Math.abs(moment(normals, power) - expected)).toBeLessThan(bound);
    }
  });

  it("does not depend on the order in which streams are made or read", () => {
    const alone = [1, 2, 3].map((id) => take(randomStream(5, id).normal, 10));
    const streams = [3, 1, 2].map((id) => ({ id, stream: randomStream(5, id) }));
    const mixed = new Map<number, number[]>([1, 2, 3].map((id) => [id, []]));
    for (let i = 0; i < 10; i++) {
      for (const { id, stream } of streams) mixed.get(id)?.push(stream.normal());
    }
    expect([...mixed.values()]).toEqual(alone);
  });

  it("differs with the seed, in both of its halves and in sign, with the id and with the purpose", () => {
    const keys: [number, number, number?][] = [
      [1, 1],
      [2, 1],
      [-1, 1],
      [1 + 2 ** 32, 1],
      [Number.MAX_SAFE_INTEGER, 1],
      [Number.MIN_SAFE_INTEGER, 1],
      [1, 2],
      [1, 1, 1],
      [1, 0, 1],
    ];
    const firsts = keys.map((key) => randomStream(...key).uniform());
    expect(new Set(firsts).size).toBe(keys.length);
  });

  it("has uncorrelated neighbours", () => {
    const count = 100_000;
    const products = Array.from(
      { length: count },
      (_, id) => randomStream(9, id).normal() * randomStream(9, id + 1).normal(),
    );
    expect(Math.abs(moment(products, 1))).toBeLessThan(0.015);
  });

  it("keeps the numbers that plans were made with", () => {
    const { uniform, normal } = randomStream(0, 0);
    // The first block of the first published vector: (0x6627e8d5 >>> 5) · 2²⁶ + (0xe169c58d >>> 6), over 2⁵³.
    expect(uniform()).toBe(((0x6627e8d5 >>> 5) * 2 ** 26 + (0xe169c58d >>> 6)) / 2 ** 53);
    expect(uniform()).toBe(((0xbc57ac4c >>> 5) * 2 ** 26 + (0x9b00dbd8 >>> 6)) / 2 ** 53);
    expect(take(normal, 3)).toEqual(PINNED);
  });

  it.each([
    [0.5, 0, 0],
    [2 ** 53, 0, 0],
    [Number.NaN, 0, 0],
    [1, -1, 0],
    [1, 2 ** 32, 0],
    [1, 1, 1.5],
  ])("refuses seed %d, id %d, purpose %d", (seed, id, purpose) => {
    expect(() => randomStream(seed, id, purpose)).toThrow(/expected an integer/);
  });
});

const PINNED = [1.317662116717176, 0.47976105870335495, -0.5701842726646326];

function take(draw: () => number, count: number): number[] {
  return Array.from({ length: count }, draw);
}

function moment(values: readonly number[], power: number): number {
  let sum = 0;
  for (const value of values) sum += value ** power;
  return sum / values.length;
}
