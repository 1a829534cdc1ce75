/** Columns of a strip: with their sums in eight registers. */
const STRIP: usize = 32;

/** Bytes of the rows of a strip that stay in the second cache while all sums take from them: 8192 rows. */
const TILE: usize = 524288;

/**
 * Of one strip of 32 columns, for each of the `sums`: the largest magnitude of start · 2^shift + Σ weight · row and the second, u32 at
 * `maxima` [sums × 2], each with the number of its column in place of its last five bits. Sums are of whole numbers modulo 2³².
 *
 * `heads` [sums × 2] i32: bytes from `starts` to the 32 i16 that a sum starts with, and its shift. `sources` [pairs × 2]
 * u32: bytes from `rows` to the 32 i16 of a row. `weights` [pairs × 2] i16. They are sorted by tiles, and by sums within a tile; `firsts`
 * [tiles × sums + 1] u32: where the pairs of each begin. `bytes` are those of all rows. `between` [sums × 32] i32 keeps the sums
 * from tile to tile; 16 bytes after them are of no use.
 *
 * One instruction multiplies two rows by their weights and adds them, so sources come in pairs.
 */
export function stripMaxima(
  sums: usize, heads: usize, firsts: usize, sources: usize, weights: usize, rows: usize, bytes: usize, starts: usize,
  between: usize, maxima: usize,
): void {
  const tiles = max(1, (bytes + TILE - 1) / TILE);
  for (let tile: usize = 0; tile < tiles; tile++, firsts += sums * 4) {
    const pairs = <usize>load<u32>(firsts + sums * 4) - <usize>load<u32>(firsts);
    const from = tile * TILE;
    const size = min(TILE, bytes - from);
    if (pairs * WORTH_READING > size) readAhead(rows + from, size, between + sums * 128);
    for (let i: usize = 0; i < sums; i++) {
      addPairs(
        tile == 0, tile + 1 == tiles, heads + i * 8, firsts + i * 4, sources, weights, rows, starts, between + i * 128, maxima + i * 8,
      );
    }
  }
}

/** Rows are read from end to end, which is fast, where at least one of 16 is needed. */
const WORTH_READING: usize = 512;

/** Brings `size` bytes into the cache. What is read is stored, or the engine might leave it out. */
function readAhead(at: usize, size: usize, unused: usize): void {
  let all = i32x4.splat(0);
  for (let end = at + size; at < end; at += 64) all = v128.xor(all, v128.load(at));
  v128.store(unused, all);
}

// @ts-ignore: decorator
@inline
function addPairs(
  isFirst: bool, isLast: bool, head: usize, firsts: usize, sources: usize, weights: usize, rows: usize, starts: usize,
  between: usize, maximum: usize,
): void {
  const first = <usize>load<u32>(firsts);
  const end = <usize>load<u32>(firsts, 4);
  if (first == end && !isFirst && !isLast) return;
  let s0: v128, s1: v128, s2: v128, s3: v128, s4: v128, s5: v128, s6: v128, s7: v128;
  if (isFirst) {
    const start = starts + <usize>load<u32>(head);
    const shift = load<i32>(head, 4);
    const start0 = v128.load(start);
    s0 = i32x4.shl(i32x4.extend_low_i16x8_s(start0), shift);
    s1 = i32x4.shl(i32x4.extend_high_i16x8_s(start0), shift);
    const start1 = v128.load(start, 16);
    s2 = i32x4.shl(i32x4.extend_low_i16x8_s(start1), shift);
    s3 = i32x4.shl(i32x4.extend_high_i16x8_s(start1), shift);
    const start2 = v128.load(start, 32);
    s4 = i32x4.shl(i32x4.extend_low_i16x8_s(start2), shift);
    s5 = i32x4.shl(i32x4.extend_high_i16x8_s(start2), shift);
    const start3 = v128.load(start, 48);
    s6 = i32x4.shl(i32x4.extend_low_i16x8_s(start3), shift);
    s7 = i32x4.shl(i32x4.extend_high_i16x8_s(start3), shift);
  } else {
    s0 = v128.load(between);
    s1 = v128.load(between, 16);
    s2 = v128.load(between, 32);
    s3 = v128.load(between, 48);
    s4 = v128.load(between, 64);
    s5 = v128.load(between, 80);
    s6 = v128.load(between, 96);
    s7 = v128.load(between, 112);
  }
  let weight = weights + first * 4;
  let source = sources + first * 8;
  for (const after = sources + end * 8; source < after; source += 8, weight += 4) {
    const a = rows + <usize>load<u32>(source);
    const b = rows + <usize>load<u32>(source, 4);
    const factors = v128.load_splat<u32>(weight);
    const a0 = v128.load(a);
    const b0 = v128.load(b);
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(lowPairs(a0, b0), factors));
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(highPairs(a0, b0), factors));
    const a1 = v128.load(a, 16);
    const b1 = v128.load(b, 16);
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(lowPairs(a1, b1), factors));
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(highPairs(a1, b1), factors));
    const a2 = v128.load(a, 32);
    const b2 = v128.load(b, 32);
    s4 = i32x4.add(s4, i32x4.dot_i16x8_s(lowPairs(a2, b2), factors));
    s5 = i32x4.add(s5, i32x4.dot_i16x8_s(highPairs(a2, b2), factors));
    const a3 = v128.load(a, 48);
    const b3 = v128.load(b, 48);
    s6 = i32x4.add(s6, i32x4.dot_i16x8_s(lowPairs(a3, b3), factors));
    s7 = i32x4.add(s7, i32x4.dot_i16x8_s(highPairs(a3, b3), factors));
  }
  if (!isLast) {
    v128.store(between, s0);
    v128.store(between, s1, 16);
    v128.store(between, s2, 32);
    v128.store(between, s3, 48);
    v128.store(between, s4, 64);
    v128.store(between, s5, 80);
    v128.store(between, s6, 96);
    v128.store(between, s7, 112);
    return;
  }
  let column = i32x4(0, 1, 2, 3);
  const four = i32x4.splat(4);
  const t0 = tagged(s0, column);
  column = i32x4.add(column, four);
  const t1 = tagged(s1, column);
  column = i32x4.add(column, four);
  const t2 = tagged(s2, column);
  column = i32x4.add(column, four);
  const t3 = tagged(s3, column);
  column = i32x4.add(column, four);
  const t4 = tagged(s4, column);
  column = i32x4.add(column, four);
  const t5 = tagged(s5, column);
  column = i32x4.add(column, four);
  const t6 = tagged(s6, column);
  column = i32x4.add(column, four);
  const t7 = tagged(s7, column);
  // of each pair the larger and the smaller, then of two pairs, of four, and of the lanes
  const l01 = i32x4.max_u(t0, t1);
  const l23 = i32x4.max_u(t2, t3);
  const l45 = i32x4.max_u(t4, t5);
  const l67 = i32x4.max_u(t6, t7);
  const n03 = secondOf(l01, i32x4.min_u(t0, t1), l23, i32x4.min_u(t2, t3));
  const n47 = secondOf(l45, i32x4.min_u(t4, t5), l67, i32x4.min_u(t6, t7));
  const l03 = i32x4.max_u(l01, l23);
  const l47 = i32x4.max_u(l45, l67);
  const n = secondOf(l03, n03, l47, n47);
  const l = i32x4.max_u(l03, l47);
  const lTurned = v128.shuffle<i32>(l, l, 2, 3, 0, 1);
  const nOfTwo = secondOf(l, n, lTurned, v128.shuffle<i32>(n, n, 2, 3, 0, 1));
  const lOfTwo = i32x4.max_u(l, lTurned);
  const lSwapped = v128.shuffle<i32>(lOfTwo, lOfTwo, 1, 0, 3, 2);
  const second = secondOf(lOfTwo, nOfTwo, lSwapped, v128.shuffle<i32>(nOfTwo, nOfTwo, 1, 0, 3, 2));
  const largest = i32x4.max_u(lOfTwo, lSwapped);
  store<i32>(maximum, i32x4.extract_lane(largest, 0));
  store<i32>(maximum, i32x4.extract_lane(second, 0), 4);
}

/** Magnitudes with the number of their column in the last five bits. */
// @ts-ignore: decorator
@inline
function tagged(sums: v128, columns: v128): v128 {
  return v128.or(i32x4.shl(i32x4.shr_u(i32x4.abs(sums), 5), 5), columns);
}

/** The second of what is in two sets, by the first and second of each. */
// @ts-ignore: decorator
@inline
function secondOf(first: v128, second: v128, firstOther: v128, secondOther: v128): v128 {
  return i32x4.max_u(i32x4.min_u(first, firstOther), i32x4.max_u(second, secondOther));
}

// @ts-ignore: decorator
@inline
function lowPairs(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

// @ts-ignore: decorator
@inline
function highPairs(a: v128, b: v128): v128 {
  return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/**
 * Rounds one strip of `rows` rows of f32 to i16: value · factor · scale, to the nearest, ties to even, at most ±2¹⁵.
 *
 * `values` are the first row's, each next one `stride` bytes after; `factors` [rows] f32; `scale` the address of one f32; `places` [rows] u32
 * bytes from `out`.
 */
export function placeStrip(
  rows: usize, values: usize, stride: usize, factors: usize, scale: usize, places: usize, out: usize,
): void {
  const ofStrip = load<f32>(scale);
  for (let row: usize = 0; row < rows; row++, values += stride) {
    const factor = f32x4.splat(load<f32>(factors + row * 4) * ofStrip);
    const place = out + <usize>load<u32>(places + row * 4);
    for (let i: usize = 0; i < STRIP; i += 8) {
      const low = rounded(v128.load(values + i * 4), factor);
      const high = rounded(v128.load(values + i * 4, 16), factor);
      v128.store(place + i * 2, i16x8.narrow_i32x4_s(low, high));
    }
  }
}

// @ts-ignore: decorator
@inline
function rounded(values: v128, factor: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(values, factor)));
}
