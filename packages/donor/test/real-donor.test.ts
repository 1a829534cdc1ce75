import { join } from "node:path";
import { openCheckpoint } from "@revocab/checkpoint";
import { DONOR_METHODS } from "@revocab/donor";
import { planTable } from "@revocab/embedding-init";
import { openDenseProducts } from "@revocab/onnx";
import { allDenseRows } from "@revocab/test-support/plan-rows";
import { realData as data } from "@revocab/test-support/real-data";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { loadTokenizer } from "@revocab/vocabulary";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { donorEvidence } from "../src/anchors.ts";
import { pursueAnchors } from "../src/pursue-anchors.ts";
import { relativeErrors } from "../src/relative-errors.ts";

/** The context of a model that gets the tokenizer of another, which is its donor. */
async function openPair(source: string, donor: string) {
  const folders = [source, donor].map((name) => join(data as string, "models", name));
  const [checkpoint, ofDonor] = await Promise.all(folders.map((folder) => openCheckpoint(folder)));
  const [{ vocabulary }, { vocabulary: target }] = await Promise.all(
    folders.map((folder) => loadTokenizer(folder)),
  );
  return {
    context: {
      source: { vocabulary, tables: checkpoint.tables, rotary: checkpoint.rotary },
      target: { vocabulary: target },
      alignment: alignVocabularies({ source: vocabulary, target }),
      donor: async () => ({
        vocabulary: target,
        tables: ofDonor.tables,
        alignment: alignVocabularies({ source: target, target }),
      }),
      seed: 0,
      initializerRange: 0.02,
    },
    close: () => Promise.all([checkpoint.close(), ofDonor.close()]),
  };
}

// an untied model of 65 characters, and a tied one of 512 SentencePiece tokens
describe.skipIf(data === undefined)("stories260k as the donor of shakespeare-char", () => {
  let pair: Awaited<ReturnType<typeof openPair>>;
  beforeAll(async () => {
    pair = await openPair("shakespeare-char", "stories260k");
  });
  afterAll(() => pair.close());

  it("has text tokens for anchors, whose rows span its space: with k = d all its rows are sums of them", async () => {
    const { context } = pair;
    const { target, source } = context;
    const evidence = await donorEvidence(context, await context.donor(), source.tables[0]);
    const { anchors, anchorRows, tokens, readDonorRows } = evidence;
    const bytes = Array.from(anchors.targets).filter((id) => target.vocabulary.kindOf(id) === "byte");
    // of the 65 characters only the line break is no token of text there
    expect([anchors.targets.length, bytes.map((id) => target.vocabulary.tokenOf(id))]).toEqual([
      65,
      ["<0x0A>"],
    ]);
    const products = await openDenseProducts();
    const rows = await readDonorRows(tokens);
    const errors: number[] = [];
    await pursueAnchors({
      anchorRows,
      picks: "product",
      products,
      count: tokens.length,
      read: (start, n) => readDonorRows(tokens.subarray(start, start + n)),
      k: rows.columns,
      onRow(row, found) {
        const x = rows.data.subarray(row * rows.columns, (row + 1) * rows.columns);
        const mixture = {
          offsets: Uint32Array.of(0, found.picks.length),
          sources: Uint32Array.from(found.picks),
          weights: Float32Array.from(found.coefficients()),
        };
        errors.push(relativeErrors(mixture, anchorRows, { rows: 1, columns: rows.columns, data: x })[0]);
      },
      step: "match",
    });
    await products.release();
    expect(errors.length).toBe(383);
    expect(Math.max(...errors)).toBeLessThan(1e-4);
  });

  it("has finite rows for input and head by every method", async () => {
    const { context } = pair;
    for (const [name, { create }] of Object.entries(DONOR_METHODS)) {
      const method = create(name === "matching-pursuit" ? { rotary: "none" } : {});
      for (const table of context.source.tables.filter(({ isBias }) => !isBias)) {
        const plan = await planTable({ context, method, table });
        const dense = await allDenseRows(plan);
        expect(plan.mixture.weights.every(Number.isFinite) && dense.data.every(Number.isFinite)).toBe(true);
        expect(plan.mixture.weights.length + dense.rows).toBeGreaterThan(383);
      }
    }
  });
});
