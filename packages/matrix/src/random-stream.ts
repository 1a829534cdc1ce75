import { RevocabError } from "@revocab/core";
import { naturalLogarithm } from "./natural-logarithm.ts";
import { philox } from "./philox.ts";

/** Independent draws, in order. */
export interface RandomStream {
  /** Uniform in [0, 1), with 53 random bits. */
  uniform(): number;
  /** Normal with mean 0 and variance 1. */
  normal(): number;
}

/**
 * The random numbers of one thing (a token) for one purpose: they depend on (seed, id, purpose) and on nothing else, so
 * the order in which streams are made or read cannot matter. The bits are the same on every platform and engine.
 * @param seed any safe integer
 * @param id what the stream belongs to, an integer in [0, 2³²)
 * @param purpose tells several streams of one id apart, an integer in [0, 2³²)
 * @throws RevocabError bad_options
 */
export function randomStream(seed: number, id: number, purpose = 0): RandomStream {
  if (!Number.isSafeInteger(seed)) {
    throw new RevocabError("bad_options", `the seed is ${seed}, expected an integer of at most 53 bits`);
  }
  checkWord("id", id);
  checkWord("purpose", purpose);
  const keyLow = seed | 0;
  const keyHigh = Math.floor(seed / 2 ** 32) | 0;
  const words = new Uint32Array(4);
  let block = 0;
  let next = 4;
  let spare: number | undefined;

  function uniform(): number {
    if (next === 4) {
      philox(block | 0, Math.floor(block / 2 ** 32), id, purpose, keyLow, keyHigh, words);
      block++;
      next = 0;
    }
    const high = words[next] >>> 5;
    const low = words[next + 1] >>> 6;
    next += 2;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** Marsaglia's polar method: two normals per accepted pair, from a square root and a logarithm. */
  function normal(): number {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * naturalLogarithm(square)) / square);
      spare = y * scale;
      return x * scale;
    }
  }

  return { uniform, normal };
}

function checkWord(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return;
  throw new RevocabError(
    "bad_options",
    `the ${name} of a random stream is ${value}, expected an integer in [0, 2³²)`,
  );
}
