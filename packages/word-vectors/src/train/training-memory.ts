import { RevocabError } from "@revocab/core";
import { Memory, type WasmMemory } from "@revocab/matrix";
import { LINE_END, type TrainingCorpus } from "./training-corpus.ts";
import type { TrainingSettings } from "./training-kernels.ts";
import type { TrainingNumbers } from "./training-options.ts";
import { keepThresholds, negativeTable, subwordTable } from "./training-tables.ts";

/** Word ids that a thread takes at once. More than a longest line, 1,025, so that one always fits. */
export const TOKENS_PER_CALL = 8192;

/** The one memory that all threads train in. */
export interface TrainingMemory {
  readonly memory: WasmMemory;
  readonly inputRows: number;
  /** What the kernels of thread i need to know. */
  settings(thread: number): TrainingSettings;
  /** Where thread i puts the ids to train. */
  tokensAddress(thread: number): number;
  /** [epochs] the mean loss of an example, over all threads; NaN for an epoch without examples. */
  meanLosses(): number[];
  /** Tokens trained so far. */
  trainedTokens(): number;
  /** Rows without what pads them, in place: [(words + buckets) × d] and [words × d]. The memory is no use afterwards. */
  release(): { input: Float32Array; output: Float32Array };
}

/** @throws RevocabError bad_options when the matrices are larger than one memory can be */
export function trainingMemory(corpus: TrainingCorpus, numbers: TrainingNumbers): TrainingMemory {
  const { dimension, buckets, epochs, threads } = numbers;
  const { words, counts, tokenCount } = corpus;
  const subwords = subwordTable(words, numbers);
  const rowBytes = Math.ceil(dimension / 4) * 16;
  const inputRows = words.length + buckets;

  // The kernels keep constants at the start.
  let end = 1024;
  const reserve = (bytes: number) => {
    const at = end;
    end = Math.ceil((end + bytes) / 64) * 64;
    return at;
  };
  const addresses = {
    sharedTokenCount: reserve(64),
    sigmoidTable: reserve(513 * 4),
    logarithmTable: reserve(513 * 4),
    keepThresholds: reserve(words.length * 4),
    negativeTable: reserve(words.length * 8),
    hiddenGains: reserve(words.length * 4),
    subwordStarts: reserve((words.length + 1) * 4),
    subwordRows: reserve(subwords.rows.length * 4),
  };
  const own = Array.from({ length: threads }, () => ({
    losses: reserve(epochs * 16),
    line: reserve(1026 * 4),
    scratch: reserve(rowBytes * 3),
    tokens: reserve(TOKENS_PER_CALL * 4),
  }));
  const output = reserve(words.length * rowBytes);
  const input = reserve(inputRows * rowBytes);
  const memory = newMemory(end, numbers, words.length, rowBytes);

  const { buffer } = memory;
  new Uint32Array(buffer, addresses.keepThresholds).set(
    keepThresholds(counts, tokenCount, numbers.subsampling),
  );
  new Uint32Array(buffer, addresses.negativeTable).set(negativeTable(counts));
  new Float32Array(buffer, addresses.hiddenGains).set(subwords.gains);
  new Uint32Array(buffer, addresses.subwordStarts).set(subwords.starts);
  new Uint32Array(buffer, addresses.subwordRows).set(subwords.rows);
  new Float32Array(buffer, addresses.sigmoidTable).set(sigmoidTable());
  new Float32Array(buffer, addresses.logarithmTable).set(logarithmTable());

  const lineEnd = words.indexOf(LINE_END);
  const tokensToTrain = epochs * tokenCount;
  const rows = (start: number, count: number) => {
    const values = new Float32Array(buffer, start, (count * rowBytes) / 4);
    if (rowBytes !== dimension * 4)
      for (let row = 1; row < count; row++) {
        const at = (row * rowBytes) / 4;
        values.copyWithin(row * dimension, at, at + dimension);
      }
    return values.subarray(0, count * dimension);
  };
  return {
    memory,
    inputRows,
    settings: (thread) => ({
      ...addresses,
      rowBytes,
      input,
      output,
      words: words.length,
      windowSize: numbers.window,
      negatives: numbers.negatives,
      lineEnd: lineEnd === -1 ? 0xffff_ffff : lineEnd,
      predictsCenter: numbers.model === "cbow" ? 1 : 0,
      learningRate: numbers.learningRate,
      updateInterval: numbers.learningRateUpdateRate,
      epochs,
      tokensToTrain,
      losses: own[thread].losses,
      line: own[thread].line,
      scratch: own[thread].scratch,
    }),
    tokensAddress: (thread) => own[thread].tokens,
    meanLosses: () =>
      Array.from({ length: epochs }, (_, epoch) => {
        const tallies = own.map(({ losses }) => new Float64Array(buffer, losses + epoch * 16, 2));
        const [loss, examples] = [0, 1].map((i) => tallies.reduce((sum, tally) => sum + tally[i], 0));
        return loss / examples;
      }),
    trainedTokens: () =>
      Math.min(
        tokensToTrain,
        Number(Atomics.load(new BigUint64Array(buffer, addresses.sharedTokenCount, 1), 0)),
      ),
    release: () => ({ input: rows(input, inputRows), output: rows(output, words.length) }),
  };
}

/** fastText's own: 512 steps between -8 and 8. */
function sigmoidTable(): Float32Array {
  return Float32Array.from({ length: 513 }, (_, i) => 1 / (1 + Math.exp(8 - i / 32)));
}

function logarithmTable(): Float32Array {
  return Float32Array.from({ length: 513 }, (_, i) => Math.log((i + 1e-5) / 512));
}

const PAGE = 65536;
const MOST_BYTES = 65535 * PAGE;

function newMemory(bytes: number, numbers: TrainingNumbers, words: number, rowBytes: number): WasmMemory {
  const { dimension, buckets } = numbers;
  const gibibytes = (bytes / 2 ** 30).toFixed(2);
  const size =
    `${words} words and ${buckets} buckets of ${dimension} values, ${words} of them twice, ` +
    `take ${gibibytes} GiB`;
  if (bytes > MOST_BYTES) {
    const mostBuckets = buckets - Math.ceil((bytes - MOST_BYTES) / rowBytes);
    throw new RevocabError("bad_options", `${size}; training has room for 4 GiB`, {
      hint:
        mostBuckets > 0
          ? `take at most ${mostBuckets} buckets, or a smaller dimension`
          : "take a smaller dimension or a larger minCount",
    });
  }
  const pages = Math.ceil(bytes / PAGE);
  try {
    return new Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    throw new RevocabError("bad_options", `${size}, which this machine cannot give`, {
      hint: "take fewer buckets or a smaller dimension",
      cause,
    });
  }
}
