import type { GateReport } from "@revocab/report";
import { checkWrittenIds } from "./check-configs.ts";
import { checkMovedRows, checkTables } from "./check-tables.ts";
import { checkWrittenTokenizer } from "./check-tokenizer.ts";
import type { GateOptions } from "./gate-check.ts";

/**
 * Opens a staged model folder afresh and compares it with the plan: its tables, its tokenizer, the ids in its
 * configs. Of a model that keeps its own tokenizer also the kept rows, byte for byte.
 *
 * @throws RevocabError `gate_failed`, `aborted`
 */
export async function checkGate(options: GateOptions): Promise<GateReport> {
  const { directory, plan, model, own } = options;
  const weights = checkTables(options);
  // The library that encodes starts in its own process, for half a second, while the tables are read.
  const tokenizer = checkWrittenTokenizer(options);
  await Promise.allSettled([weights, tokenizer]); // both have left the folder alone before a failure removes it
  const { check, notes, tables } = await weights;
  return {
    checks: [
      check,
      ...(await tokenizer),
      await checkWrittenIds({
        directory,
        modelType: model.checkpoint.modelType,
        rows: plan.target.rows,
        source: model.checkpoint,
      }),
      ...(own === undefined ? [] : [await checkMovedRows(options)]),
    ],
    notes,
    tables,
  };
}
