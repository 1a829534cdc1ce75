import { type Job, type ProgressEvent, stages } from "@revocab/core";
import { expect, it } from "vitest";

function recording(): { readonly job: Job; readonly wholes: (number | undefined)[] } {
  const wholes: (number | undefined)[] = [];
  const onProgress = (event: ProgressEvent) => event.type === "progress" && wholes.push(event.whole);
  return { job: { onProgress, threads: 3 }, wholes };
}

const event = (step: string, done: number): ProgressEvent => ({
  type: "progress",
  step,
  done,
  total: 10,
  unit: "rows",
});

it("stages say how much of the whole is done, by their weights, stages of stages too", () => {
  const { job, wholes } = recording();
  const { plan, skipped, write } = stages(job, { plan: 3, skipped: 0, write: 1 });
  const { read, fit } = stages(plan, { read: 1, fit: 1 });
  read?.onProgress?.(event("read", 5));
  fit?.onProgress?.(event("fit", 0));
  fit?.onProgress?.(event("fit", 10));
  skipped?.onProgress?.(event("skipped", 10));
  write?.onProgress?.(event("write", 5));
  expect(wholes).toEqual([3 / 16, 3 / 8, 0.75, 0.75, 0.875]);
  expect(write?.threads).toBe(3);
});

it("what is done never falls, when a stage has several steps or counts beyond its total", () => {
  const { job, wholes } = recording();
  const { only } = stages(job, { only: 1 });
  for (const done of [4, 12, 3]) only?.onProgress?.(event("a", done));
  only?.onProgress?.(event("b", 1));
  expect(wholes).toEqual([0.4, 1, 1, 1]);
});

it("a job that nobody listens to stays as it is", () => {
  expect(stages(undefined, { a: 1 }).a).toBeUndefined();
  expect(stages({ threads: 2 }, { a: 1 }).a).toEqual({ threads: 2 });
});
