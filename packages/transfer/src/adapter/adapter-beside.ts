import type { Job } from "@revocab/core";
import type { OpenModel, PlannedSwap } from "@revocab/plan";
import type { WrittenAdapter } from "@revocab/report";
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS, openAdapter } from "./open-adapter.ts";
import { planAdapter, writeAdapter } from "./write-adapter.ts";

/** The adapter that a trainer left in the folder of its base. */
export interface AdapterBeside {
  /** What it writes itself. */
  readonly files: readonly string[];
  /** @throws RevocabError `file_changed` when it is not what it was when it was planned */
  check(): Promise<void>;
  /** Undefined where the folder holds none. */
  write(out: string): Promise<WrittenAdapter | undefined>;
}

/**
 * Plans what becomes of the adapter in a model's own folder: readers put it on the model when they open the folder, so it
 * follows the vocabulary with it. Its config then names no base: that is the folder itself, as transformers takes it,
 * while the base it named has the old vocabulary.
 *
 * @param options `carry` leaves an adapter that the user names as it is
 * @throws RevocabError what `openAdapter` and `planAdapter` throw
 */
export async function adapterBeside(
  model: OpenModel,
  { plan, rowSource }: PlannedSwap,
  options: {
    readonly job?: Job;
    readonly link?: boolean;
    readonly allowZeroRows?: boolean;
    readonly carry?: readonly string[];
  },
): Promise<AdapterBeside> {
  const isCarried = options.carry?.includes(ADAPTER_CONFIG) ?? false;
  const adapter = isCarried ? undefined : await openAdapter(model.checkpoint.directory);
  if (adapter === undefined) return { files: [], check: async () => {}, write: async () => undefined };
  const { job } = options;
  const task = {
    adapter,
    plan,
    rowSource,
    model,
    base: undefined,
    job,
  };
  const planned = planAdapter(task);
  return {
    files: [ADAPTER_CONFIG, ADAPTER_WEIGHTS],
    check: () => adapter.folder.check(),
    write: (out) => writeAdapter(task, planned, out, options),
  };
}
