import { expect, it } from "vitest";
import { labelledProgress } from "../src/evaluate-model.ts";

it("a step has the label before it, and a method that names its step itself is named once", () => {
  const steps: string[] = [];
  const job = labelledProgress(
    { onProgress: ({ step }) => void steps.push(step) },
    "chain-rule:written=40000",
  );
  for (const step of ["align", "chain-rule"]) job?.onProgress?.({ type: "step", step });
  expect(steps).toEqual(["chain-rule:written=40000: align", "chain-rule:written=40000"]);
});
