import {
  encodeInto,
  gatherSum,
  MixtureBuilder,
  mixtureRows,
  readMatrix,
  storedMixtureRows,
  storeMatrix,
} from "@revocab/matrix";
import { describe, expect, it } from "vitest";

describe("the rows of a mixture in memory", () => {
  it.each(["F32", "F16", "BF16"] as const)(
    "are W · [E; X] in the dtype of E, in one slab and in several: %s",
    async (dtype) => {
      const builder = new MixtureBuilder();
      builder.addRow([3], [1]);
      builder.addEmpty();
      builder.addRow([0, 5, 8], [0.25, 0.5, 0.25]);
      builder.addRow([7, 2], [2, -1]);
      const mixture = builder.build();
      const values = Float32Array.from({ length: 8 * 70 }, (_, i) => Math.sin(i));
      const source = storeMatrix({ rows: 8, columns: 70, data: values }, dtype);
      const basis = { rows: 1, columns: 70, data: new Float32Array(70).fill(3) };
      const sums = gatherSum(mixture, await readMatrix(source, 0, 8), basis);
      const bytes = new Uint8Array(sums.data.length * (dtype === "F32" ? 4 : 2));
      encodeInto(dtype, sums.data, bytes);
      for (const memoryLimit of [2 ** 30, 33 * 20]) {
        const stored = await storedMixtureRows({ mixture, source, basis, memoryLimit });
        expect(stored).toMatchObject({ rows: 4, columns: 70, dtype, bytes });
        expect(await mixtureRows({ mixture, source, basis, memoryLimit })).toEqual(
          await readMatrix(stored, 0, 4),
        );
      }
    },
  );
});
