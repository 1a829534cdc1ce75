import type { TrainingNumbers } from "../src/train/training-options.ts";

/** A model while it is trained, in double precision. */
export interface NaiveModel {
  readonly input: number[][];
  readonly output: number[][];
  /** [words] rows of the input that make up a word. */
  readonly rows: readonly (readonly number[])[];
  readonly keepThresholds: Uint32Array;
  /** (threshold, alias) for each word. */
  readonly negativeTable: Uint32Array;
}

/**
 * One pass over the text as fastText writes it down: the mean of the rows is taken anew for every example, and its gradient
 * added to each of them at once.
 * @returns the mean loss of an example
 */
export function trainNaively(
  model: NaiveModel,
  lines: readonly (readonly number[])[],
  numbers: Pick<TrainingNumbers, "model" | "window" | "negatives" | "learningRate">,
  seed: bigint,
): number {
  const { input, output, rows, keepThresholds, negativeTable } = model;
  const random = pcg(seed);
  const below = (bound: number) => Number((BigInt(random()) * BigInt(bound)) >> 32n);
  const total = lines.flat().length;
  let done = 0;
  let loss = 0;
  let examples = 0;

  const drawNegative = () => {
    const column = below(output.length);
    return random() <= negativeTable[2 * column] ? column : negativeTable[2 * column + 1];
  };
  const learn = (listed: readonly number[], target: number, rate: number) => {
    const hidden = input[0].map(
      (_, i) => listed.reduce((sum, row) => sum + input[row][i], 0) / listed.length,
    );
    const gradient = hidden.map(() => 0);
    for (let n = 0; n <= numbers.negatives; n++) {
      let word = target;
      if (n > 0)
        do word = drawNegative();
        while (word === target);
      const probability = sigmoid(hidden.reduce((sum, value, i) => sum + value * output[word][i], 0));
      const alpha = rate * ((n === 0 ? 1 : 0) - probability);
      loss -= logarithm(n === 0 ? probability : 1 - probability);
      for (let i = 0; i < hidden.length; i++) {
        gradient[i] += alpha * output[word][i];
        output[word][i] += alpha * hidden[i];
      }
    }
    examples++;
    for (const row of listed) for (let i = 0; i < gradient.length; i++) input[row][i] += gradient[i];
  };

  for (const line of lines) {
    const rate = numbers.learningRate * (1 - done / total);
    const kept = line.filter((word) => random() <= keepThresholds[word]);
    kept.forEach((center, at) => {
      const boundary = 1 + below(numbers.window);
      const around = kept.filter((_, other) => other !== at && Math.abs(other - at) <= boundary);
      if (around.length === 0) return;
      if (numbers.model === "skipgram") for (const word of around) learn(rows[center], word, rate);
      else
        learn(
          around.flatMap((word) => rows[word]),
          center,
          rate,
        );
    });
    done += line.length;
  }
  return loss / examples;
}

/** PCG-XSH-RR, by its definition. */
function pcg(seed: bigint): () => number {
  let state = seed;
  return () => {
    const old = state;
    state = BigInt.asUintN(64, old * 6364136223846793005n + 1442695040888963407n);
    const bits = Number(BigInt.asUintN(32, ((old >> 18n) ^ old) >> 27n));
    const turn = Number(old >> 59n);
    return ((bits >>> turn) | (bits << (32 - turn))) >>> 0;
  };
}

/** In fastText's 512 steps between -8 and 8. */
function sigmoid(x: number): number {
  if (x < -8) return 0;
  if (x > 8) return 1;
  return 1 / (1 + Math.exp(8 - Math.floor((x + 8) * 32) / 32));
}

/** In fastText's 512 steps between 0 and 1. */
function logarithm(x: number): number {
  return Math.log((Math.floor(x * 512) + 1e-5) / 512);
}
