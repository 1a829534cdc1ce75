import { describe, expect, it } from "vitest";
import { RowBlocks } from "../src/files/row-blocks.ts";

/** 4 MiB hold two rows of so many floats. */
const HALF_A_BLOCK = 1 << 19;

describe("rows in blocks", () => {
  it("stay apart when they are added, dropped and added again at the edge of a block", () => {
    const blocks = RowBlocks.empty(HALF_A_BLOCK);
    for (const value of [1, 2, 9, 3, 9]) {
      blocks.addRow().fill(value);
      if (value === 9) blocks.dropRow();
    }
    expect(blocks.rows).toBe(3);
    const sum = new Float32Array(HALF_A_BLOCK);
    for (const row of [0, 1, 2]) blocks.addTo(sum, 0, row);
    expect([sum[0], sum.at(-1)]).toEqual([6, 6]);
  });

  it("are given as many at once as the block has room for", () => {
    const blocks = RowBlocks.empty(HALF_A_BLOCK);
    expect(blocks.addRows(1)).toHaveLength(HALF_A_BLOCK);
    expect(blocks.addRows(5)).toHaveLength(HALF_A_BLOCK);
    expect(blocks.addRows(5)).toHaveLength(2 * HALF_A_BLOCK);
    expect(blocks.rows).toBe(4);
  });

  it("of an array in memory are not copied", () => {
    const data = Float32Array.of(1, 2, 3, 4);
    const blocks = RowBlocks.over(data, 2);
    data[3] = 40;
    const sum = Float32Array.of(0, 5, 5);
    blocks.addTo(sum, 1, 1);
    expect([...sum]).toEqual([0, 8, 45]);
  });
});
