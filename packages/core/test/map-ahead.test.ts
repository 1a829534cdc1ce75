import { mapAhead } from "@revocab/core";
import { expect, test } from "vitest";

test("results come in the order of the items, while others are under way", async () => {
  let running = 0;
  let most = 0;
  const work = async (item: number) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, (item * 7) % 5));
    running--;
    return item * 2;
  };
  const items = Array.from({ length: 2000 }, (_, i) => i);
  const found: (readonly [number, number])[] = [];
  for await (const pair of mapAhead(items, work)) found.push(pair);
  expect(found).toEqual(items.map((item) => [item, item * 2]));
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThan(1000);
});

test("a failure is seen at its item, and nothing that was ahead of it is lost or left unheard", async () => {
  const work = async (item: number) => {
    if (item >= 3) throw new Error(`no ${item}`);
    return item;
  };
  const found: number[] = [];
  const all = async () => {
    for await (const [item] of mapAhead([0, 1, 2, 3, 4, 5], work)) found.push(item);
  };
  await expect(all()).rejects.toThrow("no 3");
  expect(found).toEqual([0, 1, 2]);
});
