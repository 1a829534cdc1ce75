/**
 * S += XᵀX on and above the diagonal of S [columns × columns], f64, row-major at `sums`. `columns` is a multiple of 4.
 *
 * X [depth × columns] lies at `panels` as columns / 4 panels of [depth × 4] f64, so that a 4 × 4 tile of S reads two
 * stretches of memory from end to end and keeps its 16 sums in registers. A panel is used for `GROUP` tiles while it is in
 * the nearest cache. Each sum takes the rows of X in order, then is added to S.
 */
export function rankUpdate(sums: usize, panels: usize, columns: usize, depth: usize): void {
  const tiles = columns / 4;
  const panelBytes = depth * 32;
  for (let group: usize = 0; group < tiles; group += GROUP) {
    const groupEnd = min(group + GROUP, tiles);
    for (let right: usize = group; right < tiles; right++) {
      for (let left = group; left < min(groupEnd, right + 1); left++) {
        addTile(
          sums + (left * 4 * columns + right * 4) * 8,
          columns * 8,
          panels + left * panelBytes,
          panels + right * panelBytes,
          panelBytes,
        );
      }
    }
  }
}

const GROUP: usize = 16;

// @ts-ignore: decorator
@inline
function addTile(sums: usize, stride: usize, left: usize, right: usize, bytes: usize): void {
  let s00 = f64x2.splat(0);
  let s01 = f64x2.splat(0);
  let s10 = f64x2.splat(0);
  let s11 = f64x2.splat(0);
  let s20 = f64x2.splat(0);
  let s21 = f64x2.splat(0);
  let s30 = f64x2.splat(0);
  let s31 = f64x2.splat(0);
  for (let at: usize = 0; at < bytes; at += 32) {
    const r0 = v128.load(right + at);
    const r1 = v128.load(right + at, 16);
    const l0 = v128.load_splat<f64>(left + at);
    s00 = f64x2.add(s00, f64x2.mul(l0, r0));
    s01 = f64x2.add(s01, f64x2.mul(l0, r1));
    const l1 = v128.load_splat<f64>(left + at, 8);
    s10 = f64x2.add(s10, f64x2.mul(l1, r0));
    s11 = f64x2.add(s11, f64x2.mul(l1, r1));
    const l2 = v128.load_splat<f64>(left + at, 16);
    s20 = f64x2.add(s20, f64x2.mul(l2, r0));
    s21 = f64x2.add(s21, f64x2.mul(l2, r1));
    const l3 = v128.load_splat<f64>(left + at, 24);
    s30 = f64x2.add(s30, f64x2.mul(l3, r0));
    s31 = f64x2.add(s31, f64x2.mul(l3, r1));
  }
  addRow(sums, s00, s01);
  addRow(sums + stride, s10, s11);
  addRow(sums + stride * 2, s20, s21);
  addRow(sums + stride * 3, s30, s31);
}

// @ts-ignore: decorator
@inline
function addRow(sums: usize, low: v128, high: v128): void {
  v128.store(sums, f64x2.add(v128.load(sums), low));
  v128.store(sums, f64x2.add(v128.load(sums, 16), high), 16);
}
