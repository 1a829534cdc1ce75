import { join } from "node:path";
import { openCheckpoint } from "@revocab/checkpoint";
import type { EmbeddingTable, InitContext } from "@revocab/core";
import {
  copyOverlap,
  mean,
  planTable,
  subtokenMean,
  univariateNormal,
  withFallback,
} from "@revocab/embedding-init";
import { columnMoments, gatherSum, mixtureRow, readMatrix, storeMatrix } from "@revocab/matrix";
import { allDenseRows, mixtureBytes, storedBytes } from "@revocab/test-support/plan-rows";
import { realData as data } from "@revocab/test-support/real-data";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

describe.skipIf(data === undefined)("stories260k with GPT-2's tokenizer", () => {
  const loaded =
    data === undefined ? undefined : load(join(data, "models/stories260k"), join(data, "tokenizers/gpt2"));

  it("every row is copied or a mean of pieces, and the counts are the alignment's", async () => {
    const { context, table } = await loaded!;
    const plan = await planTable({
      context,
      method: withFallback(copyOverlap(), subtokenMean(), mean()),
      table,
    });
    const { shared, specialByRole, spelled, byteOnly, withoutEvidence } = context.alignment.counts;
    const rowsOf = (origin: string) => plan.origin.filter((code) => plan.origins[code] === origin).length;
    expect(rowsOf("copy-overlap")).toBe(shared + specialByRole);
    expect(rowsOf("subtoken-mean")).toBe(spelled + byteOnly);
    expect(rowsOf("mean")).toBe(withoutEvidence.length);
    expect(rowsOf("none")).toBe(0);
    expect(plan.origin.length).toBe(50_257);
  });

  it("rows are finite, inside the range of the old ones, and nearer the mean than they", async () => {
    const { context, table } = await loaded!;
    const embeddings = await readMatrix(table.matrix, 0, table.matrix.rows);
    const { mixture, basis } = await planTable({ context, method: subtokenMean(), table });
    const rows = gatherSum(mixture, embeddings, basis);
    expect(rows.data.every(Number.isFinite)).toBe(true);
    const [lowest, highest] = [Math.min, Math.max].map((extreme) =>
      embeddings.data.reduce((found, value) => extreme(found, value)),
    );
    expect(rows.data.every((value) => value >= lowest - 1e-6 && value <= highest + 1e-6)).toBe(true);
    const old = await columnMoments(table.matrix);
    const moments = await columnMoments(storeMatrix(rows));
    const total = (variance: Float64Array) => variance.reduce((sum, value) => sum + value, 0);
    expect(total(moments.variance)).toBeLessThan(total(old.variance));
    expect(total(moments.variance)).toBeGreaterThan(total(old.variance) / 20);
  });

  it("the row of ` Schmidt` names the pieces the source's own model finds", async () => {
    const { context, table } = await loaded!;
    const { source, target } = context;
    const [id] = target.vocabulary.idsOf(new TextEncoder().encode(" Schmidt"));
    const { mixture } = await planTable({
      context,
      method: subtokenMean(),
      table,
      tokens: Uint32Array.of(id),
    });
    const { sources, weights } = mixtureRow(mixture, 0);
    const pieces = Array.from(sources, (piece) => Buffer.from(source.vocabulary.bytesOf(piece)).toString());
    expect(pieces.join("")).toBe(" Schmidt");
    expect(pieces.length).toBeGreaterThan(1);
    expect(Array.from(weights)).toEqual(pieces.map(() => Math.fround(1 / pieces.length)));
  });

  it("dense fallback rows are finite", async () => {
    const { context, table } = await loaded!;
    const tokens = Uint32Array.from({ length: 200 }, (_, i) => i * 250);
    const rows = await allDenseRows(await planTable({ context, method: univariateNormal(), table, tokens }));
    expect(rows.rows).toBe(200);
    expect(rows.data.every(Number.isFinite)).toBe(true);
  });

  it("its own tokenizer gives it back byte for byte", async () => {
    const { context, table } = await loaded!;
    const { vocabulary } = context.source;
    const own: InitContext = {
      ...context,
      target: { vocabulary },
      alignment: alignVocabularies({ source: vocabulary, target: vocabulary }),
    };
    const method = withFallback(copyOverlap(), subtokenMean());
    const plan = await planTable({ context: own, method, table, rows: table.matrix.rows });
    expect(await mixtureBytes(plan, table.matrix)).toEqual(await storedBytes(table.matrix));
  });
});

async function load(
  model: string,
  tokenizer: string,
): Promise<{ context: InitContext; table: EmbeddingTable }> {
  const { tables, initializerRange } = await openCheckpoint(model);
  const source = (await loadTokenizer(model)).vocabulary;
  const target = (await loadTokenizer(tokenizer)).vocabulary;
  const context: InitContext = {
    source: { vocabulary: source, tables },
    target: { vocabulary: target },
    alignment: alignVocabularies({ source, target }),
    seed: 0,
    initializerRange,
  };
  return { context, table: tables[0] };
}
