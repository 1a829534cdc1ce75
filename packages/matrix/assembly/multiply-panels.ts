/**
 * C += A · Bᵀ for C [rows × columns] f32, row-major at `out`. `rows` is a multiple of 4, `columns` one of 8.
 *
 * A [rows × depth] lies at `left` as rows / 4 panels of [depth × 4] f32, B [columns × depth] at `right` as columns / 8
 * panels of [depth × 8], so that a 4 × 8 tile of C reads two stretches of memory from end to end and keeps its 32 sums in
 * eight registers. `GROUP` panels of A stay in the second cache while a panel of B, in the first, passes them.
 *
 * Each sum starts at +0, takes the products in order with one rounding per product and per sum, then is added to C:
 * `rowProduct` in multiply-transposed.ts is the same in TypeScript.
 */
export function multiplyPanels(
  out: usize, left: usize, right: usize, rows: usize, columns: usize, depth: usize,
): void {
  const leftPanels = rows / 4;
  const rightPanels = columns / 8;
  const stride = columns * 4;
  for (let group: usize = 0; group < leftPanels; group += GROUP) {
    const groupEnd = min(group + GROUP, leftPanels);
    for (let j: usize = 0; j < rightPanels; j++) {
      for (let i = group; i < groupEnd; i++) {
        addTile(out + i * 4 * stride + j * 32, stride, left + i * depth * 16, right + j * depth * 32, depth);
      }
    }
  }
}

const GROUP: usize = 64;

// @ts-ignore: decorator
@inline
function addTile(out: usize, stride: usize, left: usize, right: usize, depth: usize): void {
  let s00 = f32x4.splat(0);
  let s01 = f32x4.splat(0);
  let s10 = f32x4.splat(0);
  let s11 = f32x4.splat(0);
  let s20 = f32x4.splat(0);
  let s21 = f32x4.splat(0);
  let s30 = f32x4.splat(0);
  let s31 = f32x4.splat(0);
  for (let end = left + depth * 16; left < end; left += 16, right += 32) {
    const r0 = v128.load(right);
    const r1 = v128.load(right, 16);
    const l0 = v128.load_splat<f32>(left);
    s00 = f32x4.add(s00, f32x4.mul(l0, r0));
    s01 = f32x4.add(s01, f32x4.mul(l0, r1));
    const l1 = v128.load_splat<f32>(left, 4);
    s10 = f32x4.add(s10, f32x4.mul(l1, r0));
    s11 = f32x4.add(s11, f32x4.mul(l1, r1));
    const l2 = v128.load_splat<f32>(left, 8);
    s20 = f32x4.add(s20, f32x4.mul(l2, r0));
    s21 = f32x4.add(s21, f32x4.mul(l2, r1));
    const l3 = v128.load_splat<f32>(left, 12);
    s30 = f32x4.add(s30, f32x4.mul(l3, r0));
    s31 = f32x4.add(s31, f32x4.mul(l3, r1));
  }
  addRow(out, s00, s01);
  addRow(out + stride, s10, s11);
  addRow(out + stride * 2, s20, s21);
  addRow(out + stride * 3, s30, s31);
}

// @ts-ignore: decorator
@inline
function addRow(out: usize, low: v128, high: v128): void {
  v128.store(out, f32x4.add(v128.load(out), low));
  v128.store(out, f32x4.add(v128.load(out, 16), high), 16);
}
