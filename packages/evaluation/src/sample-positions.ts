import { randomStream } from "@revocab/matrix";

export interface SampledPosition {
  /** Index of a document. */
  readonly document: number;
  /** Index of a token in it. */
  readonly position: number;
}

/**
 * A sample of the tokens of documents, in their order; all if there are no more than `count`. Each token draws a number
 * from (seed, document, position) alone, and the lowest are taken: so a larger sample contains a smaller one, and a
 * longer text changes only which draws are low enough.
 * @param lengths tokens of each document
 */
export function samplePositions(lengths: readonly number[], count: number, seed: number): SampledPosition[] {
  const draws: (SampledPosition & { readonly draw: number })[] = [];
  for (const [document, length] of lengths.entries()) {
    for (let position = 0; position < length; position++) {
      draws.push({ document, position, draw: randomStream(seed, position, document).uniform() });
    }
  }
  return draws
    .sort((a, b) => a.draw - b.draw || inOrder(a, b))
    .slice(0, count)
    .sort(inOrder)
    .map(({ document, position }) => ({ document, position }));
}

function inOrder(a: SampledPosition, b: SampledPosition): number {
  return a.document - b.document || a.position - b.position;
}
