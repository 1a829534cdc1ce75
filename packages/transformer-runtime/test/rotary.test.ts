import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "@revocab/checkpoint";
import { describe, expect, it } from "vitest";
import { describeConfig } from "./family-context.ts";

interface RotaryCase {
  readonly name: string;
  readonly config: JsonObject;
  readonly expected: readonly { length: number; factor: number; inverse: readonly string[] }[];
}

const CASES: readonly RotaryCase[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "fixtures/rotary.json"), "utf8"),
);

/**
 * One unit in the last place of an f32 is 6e-8 to 1.2e-7 of it. The library's power function is off by one at times,
 * and `dynamic` and `yarn` compute with what it gives.
 */
const RELATIVE_TOLERANCE = 4e-7;

describe.each(CASES)("angles of a real model: $name", ({ config, expected }) => {
  it.each(expected)("are the reference library's for $length positions", ({ length, factor, inverse }) => {
    const found = describeConfig(config).rotary.positions.frequencies(length);
    const values = inverse.map((bits) => Buffer.from(bits, "hex").readFloatBE());
    expect(found.inverse.length).toBe(values.length);
    const errors = values.map((value, i) => Math.abs(found.inverse[i] / value - 1));
    expect(Math.max(...errors)).toBeLessThan(RELATIVE_TOLERANCE);
    expect(found.factor).toBeCloseTo(factor, 12);
  });
});
