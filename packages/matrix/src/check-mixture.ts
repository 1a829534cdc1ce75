import { type Mixture, RevocabError } from "@revocab/core";

/**
 * Everything a kernel trusts: the three arrays fit together, offsets start at 0 and never fall, every source is one of
 * the `sourceRows + basisRows` rows there are, every weight is finite.
 * @throws RevocabError shape_mismatch, bad_plan
 */
export function checkMixture(mixture: Mixture, sourceRows: number, basisRows: number): void {
  const { offsets, sources, weights } = mixture;
  if (offsets.length === 0 || offsets[0] !== 0) {
    throw new RevocabError("shape_mismatch", "the offsets of the mixture do not start at 0");
  }
  const rows = offsets.length - 1;
  for (let row = 0; row < rows; row++) {
    if (offsets[row + 1] < offsets[row]) {
      throw new RevocabError(
        "shape_mismatch",
        `the offsets of the mixture fall from ${offsets[row]} to ${offsets[row + 1]} at row ${row}`,
      );
    }
  }
  if (offsets[rows] !== sources.length || sources.length !== weights.length) {
    throw new RevocabError(
      "shape_mismatch",
      `the mixture's offsets end at ${offsets[rows]}, but it has ${sources.length} sources and ${weights.length} weights`,
    );
  }
  const bound = sourceRows + basisRows;
  for (let i = 0; i < sources.length; i++) {
    if (sources[i] >= bound) {
      throw new RevocabError(
        "bad_plan",
        `the mixture names source row ${sources[i]}, but there are ${sourceRows} rows and ${basisRows} basis rows`,
        { hint: "apply the plan to the model it was made for" },
      );
    }
    if (!Number.isFinite(weights[i])) {
      throw new RevocabError("bad_plan", `the mixture has weight ${weights[i]} for source row ${sources[i]}`);
    }
  }
}
