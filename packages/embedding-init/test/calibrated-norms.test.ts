import type { Matrix, Role } from "@revocab/core";
import { initializeRows, type SubtokenMeanOptions, subtokenMean } from "@revocab/embedding-init";
import { describeMethodContract } from "@revocab/test-support/contract";
import { handMadeVocabulary, text, UNUSED } from "@revocab/test-support/hand-made-vocabulary";
import { describe, expect, it } from "vitest";

for (const weighting of ["uniform", "front-loaded", "head-byte-length"] as const) {
  describeMethodContract(
    `subtoken-mean, ${weighting}, norms calibrated`,
    () => subtokenMean({ weighting, norms: "calibrated" }),
    { readsEmbeddings: true },
  );
}

describe("calibrated norms", () => {
  /** Norms 3, 4 and 5: the median is 4. The row of the hole would change it. */
  const source = handMadeVocabulary([text("a"), text("bcd"), text("e"), UNUSED]);
  const embeddings = matrix([3, 0], [0, 4], [5, 0], [100, 0]);
  const calibrated: SubtokenMeanOptions = { weighting: "head-byte-length", norms: "calibrated" };

  const rowOf = async (token: string, role: Role = "input", options = calibrated, isBias = false) => {
    const { data } = await initializeRows({
      source: { vocabulary: source, embeddings: isBias ? matrix([1], [2], [3], [4]) : embeddings },
      target: { vocabulary: handMadeVocabulary([text(token)]) },
      method: subtokenMean(options),
      role,
      isBias,
    });
    return [...data];
  };

  it("give an input row of several pieces the median norm of the used rows: the worked example", async () => {
    expect(await rowOf("abcd", "input", { weighting: "uniform" })).toEqual([1.5, 2]);
    expectNear(await rowOf("abcd"), [2.4, 3.2]);
  });

  it("leave head rows and biases as they are", async () => {
    expect(await rowOf("abcd", "output")).toEqual([0.75, 3]);
    expect(await rowOf("abcd", "output", calibrated, true)).toEqual([1.75]);
    expect(await rowOf("abcd", "input", calibrated, true)).toEqual([1.5]);
  });

  it("leave a row of one source the copy that it is", async () => {
    expect(await rowOf("e")).toEqual([5, 0]);
    expect(await rowOf("aa")).toEqual([3, 0]);
  });

  it("leave a row of zeros as it is", async () => {
    const { data } = await initializeRows({
      source: { vocabulary: source, embeddings: matrix([1, 0], [-1, 0], [5, 0], [0, 0]) },
      target: { vocabulary: handMadeVocabulary([text("abcd")]) },
      method: subtokenMean(calibrated),
    });
    expect([...data]).toEqual([0, 0]);
  });
});

it("of an unknown kind are refused", () => {
  expect(() => subtokenMean({ norms: "long" as "kept" })).toThrow(
    /norms is "long", expected kept or calibrated/,
  );
});

function matrix(...rows: readonly (readonly number[])[]): Matrix {
  return { rows: rows.length, columns: rows[0]?.length ?? 0, data: Float32Array.from(rows.flat()) };
}

function expectNear(found: readonly number[], expected: readonly number[]): void {
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 6);
}
