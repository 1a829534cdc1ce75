import { randomStream } from "@revocab/matrix";
import type { Corpus } from "./read-corpus.ts";

/**
 * Holds a share of the lines out of training. Whether a line is held out depends on the seed and its number alone.
 * @param share in [0, 1)
 */
export function splitCorpus(
  corpus: Corpus,
  share: number,
  seed: number,
): { training: Corpus; heldOut: Corpus } {
  const lines = corpus.offsets.length - 1;
  const isHeldOut = Uint8Array.from({ length: lines }, (_, line) =>
    Number(randomStream(seed, line, PURPOSE).uniform() < share),
  );
  return {
    training: linesWhere(corpus, (line) => isHeldOut[line] === 0),
    heldOut: linesWhere(corpus, (line) => isHeldOut[line] === 1),
  };
}

const PURPOSE = 0x5e1d0;

function linesWhere({ tokens, offsets }: Corpus, isChosen: (line: number) => boolean): Corpus {
  const lines = Array.from({ length: offsets.length - 1 }, (_, line) => line).filter(isChosen);
  const chosen = new Uint32Array(lines.reduce((sum, line) => sum + offsets[line + 1] - offsets[line], 0));
  const starts = new Uint32Array(lines.length + 1);
  lines.forEach((line, i) => {
    chosen.set(tokens.subarray(offsets[line], offsets[line + 1]), starts[i]);
    starts[i + 1] = starts[i] + offsets[line + 1] - offsets[line];
  });
  return { tokens: chosen, offsets: starts };
}
