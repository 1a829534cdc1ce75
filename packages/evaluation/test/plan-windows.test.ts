import { planWindows } from "@revocab/evaluation";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const plans = fc.record({ length: fc.nat(300), context: fc.integer({ min: 2, max: 40 }) }).chain((plan) =>
  fc.record({
    length: fc.constant(plan.length),
    context: fc.constant(plan.context),
    stride: fc.integer({ min: 1, max: plan.context - 1 }),
  }),
);

describe("the windows of a document", () => {
  it("share one token by default, which is context in the later window", () => {
    expect(planWindows(6, 3, 2)).toEqual([
      { start: 0, end: 3, firstTarget: 1 },
      { start: 2, end: 5, firstTarget: 3 },
      { start: 4, end: 6, firstTarget: 5 },
    ]);
  });

  it("predict only their new tokens when they overlap more", () => {
    expect(planWindows(5, 3, 1)).toEqual([
      { start: 0, end: 3, firstTarget: 1 },
      { start: 1, end: 4, firstTarget: 3 },
      { start: 2, end: 5, firstTarget: 4 },
    ]);
  });

  it("are none where there is nothing to predict", () => {
    expect(planWindows(0, 4, 3)).toEqual([]);
    expect(planWindows(1, 4, 3)).toEqual([]);
  });

  it("end where the document ends, also when it fills the last one", () => {
    expect(planWindows(5, 3, 2).at(-1)).toEqual({ start: 2, end: 5, firstTarget: 3 });
  });

  it("predict nothing of what is given, in a context however short", () => {
    expect(planWindows(6, 4, 3, 2)).toEqual([
      { start: 0, end: 4, firstTarget: 2 },
      { start: 3, end: 6, firstTarget: 4 },
    ]);
    expect(planWindows(4, 2, 1, 3)).toEqual([{ start: 2, end: 4, firstTarget: 3 }]);
    expect(planWindows(2, 4, 3, 2)).toEqual([]);
  });

  it("predict every token but the first exactly once, and never exceed the context", () => {
    fc.assert(
      fc.property(plans, ({ length, context, stride }) => {
        const times = new Array<number>(length).fill(0);
        for (const { start, end, firstTarget } of planWindows(length, context, stride)) {
          expect(end - start).toBeLessThanOrEqual(context);
          expect(firstTarget).toBeGreaterThan(start);
          expect(end).toBeGreaterThan(firstTarget);
          for (let target = firstTarget; target < end; target++) times[target]++;
        }
        expect(times).toEqual(times.map((_, index) => (index === 0 ? 0 : 1)));
      }),
    );
  });

  it("give every token context − stride tokens of context where the document has them", () => {
    fc.assert(
      fc.property(plans, ({ length, context, stride }) => {
        for (const { start, firstTarget } of planWindows(length, context, stride)) {
          expect(firstTarget - start).toBeGreaterThanOrEqual(Math.min(firstTarget, context - stride));
        }
      }),
    );
  });
});
