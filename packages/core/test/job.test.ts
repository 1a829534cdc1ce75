import { availableParallelism } from "node:os";
import { type Job, mapAhead, quiet } from "@revocab/core";
import { expect, test, vi } from "vitest";
// the source, not what was built of it: only there can the number of cores be another
import { threadsOf } from "../src/job.ts";

vi.mock("node:os", async (original) => ({ ...(await original<object>()), availableParallelism: vi.fn() }));

test.each([
  [2, {}, undefined, 2],
  [200, {}, undefined, 200],
  [200, {}, 2, 2],
  [1, {}, 2, 1],
  [2, { threads: 3 }, 2, 3],
  [2, { threads: 64 }, undefined, 64],
  [200, { threads: 200 }, 2, 200],
])("on %d cores the job %j starts, with %s as usual, %d threads", (cores, job, usual, threads) => {
  vi.mocked(availableParallelism).mockReturnValue(cores);
  expect(threadsOf(job, usual)).toBe(threads);
});

test.each([
  [2, 65],
  [200, 201],
  [2, 0],
  [2, 1.5],
])("on %d cores a job of %d threads is refused", (cores, threads) => {
  vi.mocked(availableParallelism).mockReturnValue(cores);
  expect(() => threadsOf({ threads })).toThrow(expect.objectContaining({ code: "bad_options" }));
});

test("a quiet job keeps its signal and its threads, and reports nothing", () => {
  const job: Job = { abortSignal: new AbortController().signal, onProgress: () => {}, threads: 3 };
  expect(quiet(job)).toEqual({ ...job, onProgress: undefined });
  expect(quiet(undefined)).toBeUndefined();
});

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
