import type { Matrix } from "@revocab/core";
import { openHypernetwork, predictRows } from "@revocab/hypernetwork";
import { scratchFolders } from "@revocab/test-support/folders";
import { describe, expect, it } from "vitest";
import { GOLDEN, NETWORKS, sourceTables, surfaceForms, writeNetwork } from "./network-folder.ts";

const scratch = scratchFolders();

describe("predictRows", () => {
  for (const name of [...GOLDEN, ...NETWORKS]) {
    for (const batch of [undefined, 1]) {
      it(`predicts the rows of the reference for ${name}${batch === undefined ? "" : ", one form at a time"}`, async () => {
        const folder = scratch();
        const fixture = writeNetwork(folder, name);
        const hypernetwork = await openHypernetwork(folder, { threads: 1 });
        const forms = surfaceForms(fixture);
        const predicted = await predictRows({
          hypernetwork,
          source: sourceTables(fixture),
          forms,
          ...(fixture.lang_index !== null && { language: fixture.lang_index }),
          batch,
        });
        await hypernetwork.close();
        const { pred_in, pred_out, pred_bias, config } = fixture;
        expectRows(predicted.input, pred_in);
        if (pred_out === null) expect(predicted.output).toBeUndefined();
        else expectRows(predicted.output, pred_out);
        if (config.hn_predict_bias === false) expect(predicted.bias).toBeUndefined();
        else
          expectRows(
            predicted.bias,
            pred_bias!.map((value) => [value]),
          );
      });
    }
  }
});

/** Within 1e-5; of the rows that are expected, the last may be that of a form that was all padding. */
function expectRows(matrix: Matrix | undefined, rows: readonly (readonly number[])[]): void {
  expect(matrix).toBeDefined();
  const { data, columns, rows: count } = matrix!;
  expect(count).toBeGreaterThan(3);
  expect(columns).toBe(rows[0].length);
  const expected = rows.slice(0, count).flat();
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - data[i])), 0);
  expect(worst).toBeLessThan(1e-5);
}
