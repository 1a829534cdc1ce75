import { RevocabError } from "@revocab/core";

/** Independent draws, in order. */
export interface RandomStream {
  /** Uniform in [0, 1), with 53 random bits. */
  uniform(): number;
  /** Normal with mean 0 and variance 1. */
  normal(): number;
}

/**
 * The random numbers of one thing (a token) for one purpose: they depend on (seed, id, purpose) and on nothing else, so
 * the order in which streams are created or read cannot matter. The bits are the same on every platform and engine.
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

/**
 * Philox4x32-10: ten rounds turn a 128-bit counter into 128 random bits under a 64-bit key, so any number can be drawn
 * without those before it. Fills `into` with four 32-bit words.
 * @see https://www.thesalmons.org/john/random123/papers/random123sc11.pdf
 */
export function philox(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
  into: Uint32Array,
): void {
  for (let round = 0; round < 10; round++) {
    const high0 = highProduct(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = highProduct(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  into[0] = c0;
  into[1] = c1;
  into[2] = c2;
  into[3] = c3;
}

/** The upper 32 bits of the 64-bit product of two unsigned 32-bit numbers. */
function highProduct(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) | 0;
}

/**
 * ln x for normal positive x, within 1 unit in the last place, from + − × ÷ alone: `Math.log` may differ between engines
 * in the last bit, and a random row must not. The reduction and the polynomial are those of FreeBSD's e_log.c.
 * @see https://www.netlib.org/fdlibm/e_log.c
 */
export function naturalLogarithm(x: number): number {
  value[0] = x;
  let exponent = (words[1] >>> 20) - 1023;
  words[1] = (words[1] & 0xfffff) | 0x3ff00000;
  if (value[0] > Math.SQRT2) {
    value[0] = value[0] / 2;
    exponent++;
  }
  const f = value[0] - 1;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const odd = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const even =
    z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  const half = 0.5 * f * f;
  return exponent * LN2_HIGH - (half - (s * (half + odd + even) + exponent * LN2_LOW) - f);
}

/** ln 2 in two parts: the first has enough trailing zeros that its product with an exponent is exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

const value = new Float64Array(1);
const words = new Uint32Array(value.buffer);
