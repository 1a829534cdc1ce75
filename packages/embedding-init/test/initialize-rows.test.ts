import {
  copyOverlap,
  initializeRows,
  mean,
  subtokenMean,
  univariateNormal,
  withFallback,
} from "@revocab/embedding-init";
import { readMatrix, storeMatrix } from "@revocab/matrix";
import { randomMatrix, SOURCE_VOCABULARY, TARGET_VOCABULARY } from "@revocab/test-support/contract-models";
import { handMadeVocabulary, text } from "@revocab/test-support/hand-made-vocabulary";
import { describe, expect, it } from "vitest";

describe("initializeRows", () => {
  it("a new token is the mean of its pieces' embeddings", async () => {
    const rows = await initializeRows({
      source: {
        embeddings: { rows: 2, columns: 2, data: Float32Array.of(1, 2, 3, 6) },
        vocabulary: handMadeVocabulary([text("butter"), text("fly")]),
      },
      target: { vocabulary: handMadeVocabulary([text("butterfly"), text("fly")]) },
      method: subtokenMean(),
    });
    expect(rows).toEqual({ rows: 2, columns: 2, data: Float32Array.of(2, 4, 3, 6) });
  });

  const method = withFallback(copyOverlap(), subtokenMean(), univariateNormal());
  const options = {
    source: { embeddings: storeMatrix(randomMatrix(25, 3, 5), "BF16"), vocabulary: SOURCE_VOCABULARY },
    target: { vocabulary: TARGET_VOCABULARY },
    method,
    seed: 3,
  };

  it("gives the tokens asked for, in their order, as in a run over all", async () => {
    const all = await initializeRows(options);
    const tokens = Uint32Array.of(14, 3, 1, 1);
    const some = await initializeRows({ ...options, tokens });
    expect(some.rows).toBe(4);
    tokens.forEach((token, i) => {
      expect(some.data.slice(i * 3, i * 3 + 3)).toEqual(all.data.slice(token * 3, token * 3 + 3));
    });
  });

  it("gives values of the stored number format, dense rows included", async () => {
    const all = await initializeRows(options);
    const rounded = await readMatrix(storeMatrix(all, "BF16"), 0, all.rows);
    expect(all.data).toEqual(rounded.data);
  });

  it("takes a matrix or a stored matrix alike", async () => {
    const embeddings = randomMatrix(25, 3, 5);
    const fromMatrix = await initializeRows({ ...options, source: { ...options.source, embeddings } });
    const fromStored = await initializeRows({
      ...options,
      source: { ...options.source, embeddings: storeMatrix(embeddings) },
    });
    expect(fromMatrix).toEqual(fromStored);
  });

  it("names the tokens it has no row for and what to do", async () => {
    await expect(initializeRows({ ...options, method: subtokenMean() })).rejects.toMatchObject({
      code: "no_evidence",
      message: expect.stringMatching(/subtoken-mean gave no row for 3 of 19 tokens: 0, 1, 14/),
      hint: expect.stringContaining("withFallback"),
    });
  });

  it("refuses embeddings with fewer rows than the vocabulary", async () => {
    const source = { ...options.source, embeddings: randomMatrix(3, 3, 5) };
    await expect(initializeRows({ ...options, source })).rejects.toMatchObject({ code: "shape_mismatch" });
  });

  it("stops when aborted", async () => {
    const abortSignal = AbortSignal.abort();
    await expect(initializeRows({ ...options, method: mean(), job: { abortSignal } })).rejects.toMatchObject({
      code: "aborted",
    });
  });
});
