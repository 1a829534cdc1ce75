import type { StoredDtype } from "@revocab/core";
import { decodeInto, encodeInto } from "@revocab/matrix";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const PATTERNS = Uint16Array.from({ length: 65_536 }, (_, i) => i);

describe("decodeInto and encodeInto", () => {
  for (const dtype of ["F16", "BF16"] as const) {
    it(`bring back all 65,536 patterns of ${dtype}, NaN payloads included`, () => {
      const values = new Float32Array(65_536);
      decodeInto(dtype, new Uint8Array(PATTERNS.buffer), values);
      const back = new Uint16Array(65_536);
      encodeInto(dtype, values, new Uint8Array(back.buffer));
      expect(back).toEqual(PATTERNS);
    });

    it(`decode every pattern of ${dtype} to the value its fields define`, () => {
      const values = new Float32Array(65_536);
      decodeInto(dtype, new Uint8Array(PATTERNS.buffer), values);
      const [mantissaBits, bias] = dtype === "F16" ? [10, 15] : [7, 127];
      const top = 2 ** (15 - mantissaBits) - 1;
      for (let pattern = 0; pattern < 65_536; pattern++) {
        const sign = pattern >> 15 ? -1 : 1;
        const exponent = (pattern >> mantissaBits) & top;
        const fraction = (pattern & (2 ** mantissaBits - 1)) / 2 ** mantissaBits;
        const finite =
          exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
        const special = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
        const expected = exponent === top ? special : finite;
        if (!Object.is(values[pattern], expected))
          expect(values[pattern], `pattern ${pattern}`).toBe(expected);
      }
    });

    it(`round to the nearest ${dtype}, ties to the even one: every midpoint and its two neighbours`, () => {
      const largest = dtype === "F16" ? 0x7bff : 0x7f7f;
      for (let pattern = 0; pattern < largest; pattern++) {
        const midpoint = (decodeOne(dtype, pattern) + decodeOne(dtype, pattern + 1)) / 2;
        const even = pattern % 2 === 0 ? pattern : pattern + 1;
        if (midpoint !== Math.fround(midpoint)) continue;
        const found = [nextAfter(midpoint, -1), midpoint, nextAfter(midpoint, 1)].map((x) =>
          encodeOne(dtype, x),
        );
        const mirrored = [nextAfter(midpoint, -1), midpoint, nextAfter(midpoint, 1)].map((x) =>
          encodeOne(dtype, -x),
        );
        if (found[0] !== pattern || found[1] !== even || found[2] !== pattern + 1) {
          expect(found, `midpoint above pattern ${pattern}`).toEqual([pattern, even, pattern + 1]);
        }
        expect(mirrored).toEqual(found.map((bits) => bits | 0x8000));
      }
    });
  }

  it("give infinity from the midpoint above the largest value on", () => {
    expect(encodeOne("F16", 65_519.996)).toBe(0x7bff);
    expect(encodeOne("F16", 65_520)).toBe(0x7c00);
    expect(encodeOne("F16", -1e30)).toBe(0xfc00);
    expect(encodeOne("BF16", 255.5 * 2 ** 120)).toBe(0x7f80);
    expect(encodeOne("BF16", -3.4028234663852886e38)).toBe(0xff80);
    expect(encodeOne("BF16", 255.49 * 2 ** 120)).toBe(0x7f7f);
  });

  it("keep the smallest subnormals and both zeros", () => {
    expect(encodeOne("F16", 2 ** -24)).toBe(0x0001);
    expect(encodeOne("F16", 2 ** -25)).toBe(0x0000);
    expect(encodeOne("F16", 1.5 * 2 ** -25)).toBe(0x0001);
    expect(encodeOne("F16", -0)).toBe(0x8000);
    expect(encodeOne("BF16", 2 ** -133)).toBe(0x0001);
    expect(encodeOne("BF16", -(2 ** -149))).toBe(0x8000);
  });

  it("keep a NaN a NaN when its payload does not fit", () => {
    const values = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001).buffer);
    for (const [dtype, expected] of [
      ["F16", [0x7e00, 0xfe00]],
      ["BF16", [0x7fc0, 0xffc0]],
    ] as const) {
      const halves = new Uint16Array(2);
      encodeInto(dtype, values, new Uint8Array(halves.buffer));
      expect([...halves]).toEqual(expected);
    }
  });

  it("work at any address", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<StoredDtype>("F32", "F16", "BF16"),
        fc.integer({ min: 0, max: 7 }),
        fc.array(fc.integer({ min: 0, max: 1000 }).map((x) => x / 4)),
        (dtype, offset, numbers) => {
          const values = Float32Array.from(numbers, (x) => Math.round(x) % 128);
          const size = dtype === "F32" ? 4 : 2;
          const bytes = new Uint8Array(offset + values.length * size).subarray(offset);
          encodeInto(dtype, values, bytes);
          const back = new Float32Array(values.length);
          decodeInto(dtype, bytes, back);
          expect(back).toEqual(values);
        },
      ),
    );
  });

  it("refuse lengths that do not belong together", () => {
    expect(() => decodeInto("F16", new Uint8Array(5), new Float32Array(2))).toThrow(/5 bytes .* 4 bytes/);
    expect(() => encodeInto("F32", new Float32Array(2), new Uint8Array(7))).toThrow(/7 bytes .* 8 bytes/);
  });
});

function decodeOne(dtype: StoredDtype, pattern: number): number {
  const value = new Float32Array(1);
  decodeInto(dtype, new Uint8Array(Uint16Array.of(pattern).buffer), value);
  return value[0];
}

function encodeOne(dtype: StoredDtype, value: number): number {
  const half = new Uint16Array(1);
  encodeInto(dtype, Float32Array.of(value), new Uint8Array(half.buffer));
  return half[0];
}

/** The f32 before or after a positive one. */
function nextAfter(value: number, step: 1 | -1): number {
  const float = Float32Array.of(value);
  new Uint32Array(float.buffer)[0] += step;
  return float[0];
}
