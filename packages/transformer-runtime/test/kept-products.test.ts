import { expect, it } from "vitest";
import { KeptProducts } from "../src/run/kept-products.ts";
import type { RunnablePart } from "../src/run/layer-runner.ts";

/** Three parts with 6, 4 and 0 columns of products. */
const WIDTHS = [{ v1: 4, v2: 2 }, { v3: 4 }, {}];
const runner = {
  parts: WIDTHS.map(() => ({}) as RunnablePart),
  innerProducts: (index: number) => WIDTHS[index] as Record<string, number>,
};

it("products of the last parts are kept as far as there is room, in arrays that are used again", () => {
  const all = new KeptProducts(runner, 4 * 10 * 5);
  const [first, second, third] = all.of(5);
  expect([first?.v1?.length, first?.v2?.length, second?.v3?.length, third]).toEqual([20, 10, 20, {}]);
  expect(all.of(3)[0]?.v1?.buffer).toBe(first?.v1?.buffer);
  all.clear();
  expect(all.of(3)[0]?.v1?.buffer).not.toBe(first?.v1?.buffer);

  expect(new KeptProducts(runner, 4 * 10 * 5 - 1).of(5).map((own) => own && Object.keys(own))).toEqual([
    undefined,
    ["v3"],
    [],
  ]);
  expect(new KeptProducts(runner, -1).of(5)).toEqual([undefined, undefined, undefined]);
});
