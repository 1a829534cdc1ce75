import { openCheckpoint } from "@revocab/checkpoint";
import { fingerprint, loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import { expect } from "vitest";
import { checkRows, type RowCounts } from "./check-rows.ts";
import { otherTensors, readTable } from "./stored-rows.ts";

export interface SwapToCheck {
  readonly model: string;
  readonly tokenizer: Tokenizer;
  /** The folder that `swapTokenizer` wrote with the uniform sub-token mean. */
  readonly out: string;
  /** Of the spelled rows every so-manieth is worked out. @default 1 */
  readonly every?: number;
}

/**
 * Checks a swapped folder from the two inputs alone; nothing of the plan or the report is believed. The tokenizer is the
 * target's, every row of every table is what it must be, every other tensor is what it was.
 *
 * @returns what the rows were found to be, by slot
 */
export async function checkSwap({
  model,
  tokenizer,
  out,
  every = 1,
}: SwapToCheck): Promise<Record<string, RowCounts>> {
  const source = (await loadTokenizer(model)).vocabulary;
  const target = tokenizer.vocabulary;
  const written = (await loadTokenizer(out)).vocabulary;
  expect(fingerprint(written)).toBe(fingerprint(target));
  const before = await openCheckpoint(model);
  const after = await openCheckpoint(out);
  try {
    expect(otherTensors(after)).toEqual(otherTensors(before));
    const counts: Record<string, RowCounts> = {};
    for (const { slot, role } of after.tables) {
      const wasTied = slot === "output" && before.tied;
      const [old, now] = [await readTable(before, wasTied ? "input" : slot), await readTable(after, slot)];
      expect({ dtype: now.dtype, columns: now.columns }).toEqual({ dtype: old.dtype, columns: old.columns });
      expect(now.rows).toBeGreaterThanOrEqual(target.size);
      counts[slot] = checkRows({ old, now, role, source, target, every });
    }
    return counts;
  } finally {
    await before.close();
    await after.close();
  }
}
