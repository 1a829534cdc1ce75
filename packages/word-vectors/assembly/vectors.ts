/** Loops over vectors of `bytes`, a multiple of 16, four registers at a time. */

// @ts-ignore: decorator
@inline
export function dot(a: usize, b: usize, bytes: usize): f32 {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  const end = a + bytes;
  const unrolled = a + (bytes & ~63);
  while (a < unrolled) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a), v128.load(b)));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a, 16), v128.load(b, 16)));
    s2 = f32x4.add(s2, f32x4.mul(v128.load(a, 32), v128.load(b, 32)));
    s3 = f32x4.add(s3, f32x4.mul(v128.load(a, 48), v128.load(b, 48)));
    a += 64;
    b += 64;
  }
  while (a < end) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a), v128.load(b)));
    a += 16;
    b += 16;
  }
  s0 = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  return (
    f32x4.extract_lane(s0, 0) +
    f32x4.extract_lane(s0, 1) +
    (f32x4.extract_lane(s0, 2) + f32x4.extract_lane(s0, 3))
  );
}

/** to += from */
// @ts-ignore: decorator
@inline
export function add(to: usize, from: usize, bytes: usize): void {
  const end = to + bytes;
  const unrolled = to + (bytes & ~63);
  while (to < unrolled) {
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
    v128.store(to, f32x4.add(v128.load(to, 16), v128.load(from, 16)), 16);
    v128.store(to, f32x4.add(v128.load(to, 32), v128.load(from, 32)), 32);
    v128.store(to, f32x4.add(v128.load(to, 48), v128.load(from, 48)), 48);
    to += 64;
    from += 64;
  }
  while (to < end) {
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
    to += 16;
    from += 16;
  }
}

/** to += factor × from */
// @ts-ignore: decorator
@inline
export function addScaled(to: usize, from: usize, factor: f32, bytes: usize): void {
  const f = f32x4.splat(factor);
  const end = to + bytes;
  const unrolled = to + (bytes & ~63);
  while (to < unrolled) {
    v128.store(to, f32x4.add(v128.load(to), f32x4.mul(f, v128.load(from))));
    v128.store(to, f32x4.add(v128.load(to, 16), f32x4.mul(f, v128.load(from, 16))), 16);
    v128.store(to, f32x4.add(v128.load(to, 32), f32x4.mul(f, v128.load(from, 32))), 32);
    v128.store(to, f32x4.add(v128.load(to, 48), f32x4.mul(f, v128.load(from, 48))), 48);
    to += 64;
    from += 64;
  }
  while (to < end) {
    v128.store(to, f32x4.add(v128.load(to), f32x4.mul(f, v128.load(from))));
    to += 16;
    from += 16;
  }
}

/** gradient += factor × row, then row += factor × hidden: one pass over the row for both. */
// @ts-ignore: decorator
@inline
export function exchange(gradient: usize, row: usize, hidden: usize, factor: f32, bytes: usize): void {
  const f = f32x4.splat(factor);
  const end = row + bytes;
  const unrolled = row + (bytes & ~31);
  while (row < unrolled) {
    const r0 = v128.load(row);
    const r1 = v128.load(row, 16);
    v128.store(gradient, f32x4.add(v128.load(gradient), f32x4.mul(f, r0)));
    v128.store(gradient, f32x4.add(v128.load(gradient, 16), f32x4.mul(f, r1)), 16);
    v128.store(row, f32x4.add(r0, f32x4.mul(f, v128.load(hidden))));
    v128.store(row, f32x4.add(r1, f32x4.mul(f, v128.load(hidden, 16))), 16);
    row += 32;
    gradient += 32;
    hidden += 32;
  }
  if (row < end) {
    const r = v128.load(row);
    v128.store(gradient, f32x4.add(v128.load(gradient), f32x4.mul(f, r)));
    v128.store(row, f32x4.add(r, f32x4.mul(f, v128.load(hidden))));
  }
}

/** to = factor × to */
// @ts-ignore: decorator
@inline
export function scale(to: usize, factor: f32, bytes: usize): void {
  const f = f32x4.splat(factor);
  for (const end = to + bytes; to < end; to += 16) v128.store(to, f32x4.mul(f, v128.load(to)));
}
