import { chainRule } from "@revocab/chain-rule";
import type { InitContext, Job } from "@revocab/core";
import { planTable } from "@revocab/embedding-init";
import { loadOnnxRuntime } from "@revocab/onnx";
import { makeContext, makeTables, TARGET_VOCABULARY } from "@revocab/test-support/contract-models";
import { afterEach, describe, expect, it, vi } from "vitest";
import { withModel } from "./toy-model.ts";

afterEach(() => vi.restoreAllMocks());

/** Plans the head with the job; [threads of each session of the runtime, threads of each job that the model was given]. */
async function threadsUsed(job: Job) {
  const { InferenceSession } = await loadOnnxRuntime();
  const created = vi.spyOn(InferenceSession, "create");
  const context: InitContext = {
    ...withModel(makeContext(TARGET_VOCABULARY, makeTables().slice(0, 2))),
    job,
  };
  const model = await context.source.model!();
  const read = vi.spyOn(model.transformer, "read");
  const writeTexts = vi.spyOn(model, "writeTexts");
  const table = context.source.tables[1];
  const source = { ...context.source, model: async () => model };
  await planTable({ context: { ...context, source }, method: chainRule({ written: 400 }), table });
  return {
    sessions: created.mock.calls.map(([, { intraOpNumThreads, interOpNumThreads }]) => [
      intraOpNumThreads,
      interOpNumThreads,
    ]),
    model: [
      ...read.mock.calls.map(([, given]) => given?.threads),
      ...writeTexts.mock.calls.map(([options]) => options.job?.threads),
    ],
  };
}

describe("chainRule with the threads of its job", () => {
  it.each([1, 3])("%d: every product and every run of the model has so many", async (threads) => {
    const used = await threadsUsed({ threads });
    // products of the state sums, the map, the fits and the head's rows
    expect(used.sessions.length).toBeGreaterThan(5);
    expect(new Set(used.sessions.map(String))).toEqual(new Set([`${threads},1`]));
    expect(used.model.length).toBeGreaterThan(1);
    expect(new Set(used.model)).toEqual(new Set([threads]));
  });
});
