import type { EmbeddingTable } from "@revocab/core";
import { copyOverlap, planTable } from "@revocab/embedding-init";
import { mixtureRow, storeMatrix } from "@revocab/matrix";
import {
  makeContext,
  makeTables,
  SOURCE_VOCABULARY,
  TARGET_VOCABULARY,
} from "@revocab/test-support/contract-models";
import { mixtureBytes, storedBytes } from "@revocab/test-support/plan-rows";
import { describe, expect, it } from "vitest";

describe("copyOverlap", () => {
  const context = makeContext();
  const planOf = (table: EmbeddingTable) => planTable({ context, method: copyOverlap(), table });

  it("gives shared tokens the source row and leaves the others to the next method", async () => {
    const plan = await planOf(context.source.tables[0]);
    for (let id = 0; id < TARGET_VOCABULARY.size; id++) {
      if (TARGET_VOCABULARY.kindOf(id) === "unused") continue;
      const source = context.alignment.sourceOf[id];
      expect(Array.from(mixtureRow(plan.mixture, id).sources)).toEqual(source < 0 ? [] : [source]);
      expect(plan.origins[plan.origin[id]]).toBe(source < 0 ? "none" : "copy-overlap");
    }
  });

  it("a special that opens and closes texts takes bos at the input, eos at the head and its bias", async () => {
    const rows = await Promise.all(
      context.source.tables.map(async (table) => mixtureRow((await planOf(table)).mixture, 0)),
    );
    const tokens = rows.map(({ sources }) => SOURCE_VOCABULARY.tokenOf(sources[0]));
    expect(tokens).toEqual(["<s>", "</s>", "</s>"]);
  });

  it("moves rows as bytes: NaN payloads, infinities and −0 arrive as they were", async () => {
    const rows = SOURCE_VOCABULARY.size;
    const odd = Uint16Array.of(0x7fc1, 0xff81, 0x8000, 0x7f80, 0x0001, 0xff80);
    const stored = new Uint16Array(rows * odd.length).map((_, i) => odd[i % odd.length]);
    const bytes = new Uint8Array(stored.buffer);
    const width = odd.length * 2;
    const matrix = {
      ...storeMatrix({ rows, columns: odd.length, data: new Float32Array(stored.length) }, "BF16"),
      async readRows(start: number, count: number, into: Uint8Array) {
        into.set(bytes.subarray(start * width, (start + count) * width));
      },
    };
    const table: EmbeddingTable = { ...makeTables()[0], matrix };
    const own = makeContext(SOURCE_VOCABULARY, [table]);
    const plan = await planTable({ context: own, method: copyOverlap(), table });
    expect(await mixtureBytes(plan, matrix)).toEqual(await storedBytes(matrix));
  });
});
