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
