import { expect, it } from "vitest";
import { quiet } from "../src/job.ts";

it("a quiet job keeps its signal and its threads, and tells its listener nothing", () => {
  const { signal } = new AbortController();
  expect(quiet({ abortSignal: signal, onProgress: () => {}, threads: 3 })).toEqual({
    abortSignal: signal,
    threads: 3,
  });
  expect(quiet()).toBeUndefined();
});
