import { join } from "node:path";
import { type Job, RevocabError, throwIfAborted } from "@revocab/core";
import { openToFill } from "./output-file.ts";
import type { PlannedOutput } from "./plan-output.ts";
import type { Copying } from "./start-copying.ts";
import { type OutputTarget, type ProduceTable, writeTable } from "./table-writer.ts";

interface FillOptions {
  readonly planned: PlannedOutput;
  readonly out: string;
  /** Writes what stays. */
  readonly copying: Copying;
  readonly produce: ProduceTable;
  readonly job?: Job;
  /** Told how many bytes of tables were written. */
  readonly onBytes: (count: number) => void;
}

/**
 * Has the tables produced while the copying goes on; when one fails, the other is stopped before this returns.
 * @returns the hashes of the copying
 */
export async function fillFiles(options: FillOptions): Promise<Readonly<Record<string, string>>> {
  const { copying, job } = options;
  const failure = new AbortController();
  const abortSignal = AbortSignal.any([failure.signal, ...(job?.abortSignal ? [job.abortSignal] : [])]);
  const stopOther = (error: unknown): never => {
    failure.abort(new RevocabError("aborted", "stopped because another part failed", { cause: error }));
    throw error;
  };
  const stop = () => void copying.stop();
  if (abortSignal.aborted) stop();
  else abortSignal.addEventListener("abort", stop);
  const copied = copying.hashes.catch(stopOther);
  const producing = produceAll(options, abortSignal).catch(stopOther);
  await Promise.allSettled([copied, producing]);
  throwIfAborted(job?.abortSignal);
  // The one that failed first is the cause; the other was stopped by it.
  if (failure.signal.aborted) throw (failure.signal.reason as RevocabError).cause;
  return copied;
}

async function produceAll(
  { planned: { files, tables }, out, produce, onBytes }: FillOptions,
  abortSignal: AbortSignal,
): Promise<void> {
  for (const table of tables) {
    const targets: OutputTarget[] = [];
    try {
      for (const { file, position } of table.targets) {
        const path = join(out, files[file]!.source.name);
        targets.push({ handle: await openToFill(path), path, position });
      }
      await writeTable(table, targets, produce, abortSignal, onBytes);
    } finally {
      await Promise.all(targets.map(({ handle }) => handle.close()));
    }
  }
}
