import { BYTES_PER_VALUE, RevocabError } from "@revocab/core";
import { decodeInto, mixtureRow } from "@revocab/matrix";
import type { SwapPlan } from "@revocab/plan";
import { tablePlan } from "@revocab/plan/internal";
import type { RowsTensor, TrainedTokensTensor } from "./sort-tensors.ts";

/** Looks at the rows of one tensor as they are made. */
export interface RowCheck {
  /** Values [rows × columns] of rows from `startRow` on, all of their columns or some. */
  see(bytes: Uint8Array, startRow: number, rows: number): void;
  /** Once all have been seen. */
  finish(): void;
}

/**
 * Rows of an adapter must be finite, and a table that it brings whole must have no new rows of zeros, as in the gate.
 * (A change of zeros is none: LoRA begins with them.)
 * @throws RevocabError `gate_failed`, from what is returned
 */
export function checkNewRows(
  tensor: RowsTensor | TrainedTokensTensor,
  plan: SwapPlan,
  allowZeroRows: boolean,
): RowCheck {
  const { entry, dtype, slot, how } = tensor;
  const isTable = how === "rows" && !tensor.isChange && tensor.columns > 1;
  const isSomething = new Uint8Array(plan.target.rows);
  return {
    see(bytes, startRow, rows) {
      const values = new Float32Array(bytes.length / BYTES_PER_VALUE[dtype]);
      decodeInto(dtype, bytes, values);
      const wrong = values.findIndex((value) => !Number.isFinite(value));
      if (wrong >= 0) fail(`${entry.name} has the value ${values[wrong]}`, "train or save the adapter again");
      if (!isTable) return;
      const columns = values.length / rows;
      for (const [i, value] of values.entries()) {
        if (value !== 0) isSomething[startRow + Math.floor(i / columns)] = 1;
      }
    },
    finish() {
      if (!isTable || allowZeroRows) return;
      const { mixture } = tablePlan(plan, slot);
      const isCopy = (row: number) => {
        const { weights } = mixtureRow(mixture, row);
        return weights.length === 1 && weights[0] === 1;
      };
      const zero = isSomething.findIndex((something, row) => something === 0 && !isCopy(row));
      if (zero < 0) return;
      fail(
        `${entry.name} has a new row of zeros, ${zero}`,
        "choose another method or fallback; `allowZeroRows` lets them pass",
      );
    },
  };
}

function fail(what: string, hint: string): never {
  throw new RevocabError("gate_failed", `the rewritten adapter did not pass the gate: ${what}`, { hint });
}
