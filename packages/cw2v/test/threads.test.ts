import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cw2v } from "@revocab/cw2v";
import { planTable } from "@revocab/embedding-init";
import { loadOnnxRuntime } from "@revocab/onnx";
import { makeContext } from "@revocab/test-support/contract-models";
import { afterAll, afterEach, expect, it, vi } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "cw2v-threads-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

it.each([
  [{}, { threads: 1 }, 1],
  [{}, { threads: 3 }, 3],
  [{ threads: 2 }, { threads: 3 }, 2],
])("cw2v %j in the job %j computes all its products with %d threads", async (own, job, threads) => {
  const { InferenceSession } = await loadOnnxRuntime();
  const created = vi.spyOn(InferenceSession, "create");
  const text = join(folder, "text.txt");
  writeFileSync(text, "abcababaa\nfghij\nbjig\n".repeat(20));
  const context = makeContext();
  const { vocabulary } = context.target;
  const encode = async (line: string) =>
    vocabulary.spell(new TextEncoder().encode(line)) ?? new Uint32Array(0);
  await planTable({
    context: { ...context, target: { vocabulary, encode }, job },
    method: cw2v({ text, rank: 4, epochs: 1, ...own }),
    table: context.source.tables[0],
  });
  const used = created.mock.calls.map(([, { intraOpNumThreads }]) => intraOpNumThreads);
  expect(used.length).toBeGreaterThan(1);
  expect(new Set(used)).toEqual(new Set([threads]));
});
