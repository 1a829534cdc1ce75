import { createHash } from "node:crypto";
import { openCheckpoint } from "@revocab/checkpoint";
import { BYTES_PER_VALUE, type Job } from "@revocab/core";
import { mixtureRow } from "@revocab/matrix";
import type { OpenModel, SwapPlan } from "@revocab/plan";
import { sourceOf } from "@revocab/plan/internal";
import { gateFailed } from "./gate-failed.ts";

/**
 * Reads back the rows that a plan moved and compares their sha256 with that of the source's rows, table by table: what an
 * edit of a vocabulary leaves alone must be what it was.
 * @throws RevocabError `gate_failed`, `aborted`
 */
export async function checkMovedRows({
  directory,
  plan,
  model,
  job,
}: {
  /** The written folder. */
  readonly directory: string;
  readonly plan: SwapPlan;
  readonly model: OpenModel;
  readonly job?: Job;
}): Promise<{ readonly name: string; readonly detail: string }> {
  const written = await openCheckpoint(directory, model.tensorOptions);
  const details: string[] = [];
  try {
    for (const { slot, mixture } of plan.tables) {
      const now = written.tables.find((table) => table.slot === slot)?.matrix;
      const old = sourceOf(model, slot);
      if (now === undefined) throw gateFailed(`the table ${slot} was not written`);
      const rowBytes = now.columns * BYTES_PER_VALUE[now.dtype];
      const [oldHash, newHash] = [createHash("sha256"), createHash("sha256")];
      const [oldRows, newRows] = [1, 2].map(() => new Uint8Array(ROWS_PER_READ * rowBytes));
      let moved = 0;
      const movedFrom = (row: number): number => {
        const { sources, weights } = mixtureRow(mixture, row);
        const isMoved = sources.length === 1 && weights[0] === 1 && (sources[0] as number) < plan.source.rows;
        return isMoved ? (sources[0] as number) : -1;
      };
      for (let row = 0; row < now.rows; ) {
        const source = movedFrom(row);
        let count = 1;
        if (source >= 0) {
          while (count < ROWS_PER_READ && row + count < now.rows && movedFrom(row + count) === source + count)
            count++;
          job?.abortSignal?.throwIfAborted();
          const size = count * rowBytes;
          await old.readRows(source, count, (oldRows as Uint8Array).subarray(0, size));
          await now.readRows(row, count, (newRows as Uint8Array).subarray(0, size));
          oldHash.update((oldRows as Uint8Array).subarray(0, size));
          newHash.update((newRows as Uint8Array).subarray(0, size));
          moved += count;
        }
        row += count;
      }
      const [expected, found] = [oldHash.digest("hex"), newHash.digest("hex")];
      if (found !== expected) {
        throw gateFailed(
          `${moved} rows of ${slot} were to move as bytes, but their sha256 is ${found.slice(0, 12)} and was ${expected.slice(0, 12)}`,
        );
      }
      details.push(`${slot} ${moved} of sha256 ${expected.slice(0, 12)}`);
    }
  } finally {
    await written.close();
  }
  return { name: "moved rows", detail: `${details.join(", ")}: the bytes that they were` };
}

/** Where old rows stand in their old order a read takes many; a row of a large model has 16 kB. */
const ROWS_PER_READ = 512;
