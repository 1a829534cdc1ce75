import { type FileHandle, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buildHeader, placeUnchanged, readExactly, writeAt } from "@revocab/checkpoint/internal";
import { type Job, throwIfAborted } from "@revocab/core";
import { openFile } from "@revocab/files";
import { writeError } from "@revocab/files/internal";
import type { OpenModel, PlannedSwap, SwapPlan } from "@revocab/plan";
import type { WrittenAdapter } from "@revocab/report";
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS, openAdapter } from "./open-adapter.ts";
import { type AdapterTask, type PlannedAdapter, planAdapter } from "./plan-adapter.ts";
import { checkNewRows, rewriteRows, type WriteBytes } from "./rewrite-rows.ts";
import type { AdapterTensor } from "./sort-tensors.ts";
import { rewriteTrainedTokens, type TrainedTokens } from "./trained-tokens.ts";

/**
 * Writes the two files of the adapter into `out`. Where no tensor has a vocabulary dimension the weights are copied as a file,
 * or hard-linked with `link`.
 * @throws RevocabError `gate_failed` for rows that are not finite; `no_space`, `write_failed`, `aborted`
 */
export async function writeAdapter(
  task: AdapterTask,
  planned: PlannedAdapter,
  out: string,
  { link = false, allowZeroRows = false }: { readonly link?: boolean; readonly allowZeroRows?: boolean } = {},
): Promise<WrittenAdapter> {
  const { adapter, plan } = task;
  const { tensors, tokens } = planned;
  const shapes = tensors.map((tensor) => newShape(tensor, plan, tokens));
  const isSame = planned.gone.length === 0 && tensors.every(({ how }) => how === "copied");
  const target = join(out, ADAPTER_WEIGHTS);
  try {
    await writeFile(join(out, ADAPTER_CONFIG), planned.configText);
    if (!isSame || !(await placeUnchanged(adapter.file.path, target, link))) {
      await writeWeights(task, planned, shapes, target, allowZeroRows);
    }
  } catch (cause) {
    throw writeError(out, cause);
  }
  return {
    rewritten: tensors.flatMap((tensor, i) =>
      tensor.how === "copied"
        ? []
        : [
            {
              name: tensor.entry.name,
              slot: tensor.slot,
              from: tensor.entry.shape,
              to: shapes[i] as number[],
            },
          ],
    ),
    copied: tensors.filter(({ how }) => how === "copied").length,
    gone: planned.gone,
    config: planned.changes,
  };
}

async function writeWeights(
  task: AdapterTask,
  { tensors, tokens }: PlannedAdapter,
  shapes: readonly (readonly number[])[],
  target: string,
  allowZeroRows: boolean,
): Promise<void> {
  const { adapter, plan, model, job } = task;
  const lengths = tensors.map(({ entry }, i) => newLength(entry, shapes[i] as number[]));
  const header = buildHeader(
    tensors.map(({ entry: { name, dtype } }, i) => ({
      name,
      dtype,
      shape: shapes[i] as number[],
      length: lengths[i] as number,
    })),
    adapter.file.metadata,
  );
  const source = { handle: await openFile(adapter.file.path), path: adapter.file.path };
  try {
    const written = await open(target, "wx");
    try {
      await writeAt(written, target, header, 0);
      let position = header.length;
      for (const [i, tensor] of tensors.entries()) {
        throwIfAborted(job?.abortSignal);
        const start = position;
        const write: WriteBytes = (bytes, offset) => writeAt(written, target, bytes, start + offset);
        if (tensor.how === "copied") await copyBytes(tensor, source, write);
        else {
          const check = checkNewRows(tensor, plan, allowZeroRows);
          if (tensor.how === "rows") await rewriteRows(tensor, source, task, check, write);
          else {
            const found = tokens.get(tensor.entry.name) as TrainedTokens;
            const bytes = await rewriteTrainedTokens(tensor, found, source, plan, model);
            check.add(bytes, 0, found.to.length);
            await write(bytes, 0);
          }
        }
        position += lengths[i] as number;
      }
    } finally {
      await written.close();
    }
  } finally {
    await source.handle.close();
  }
}

const BLOCK_BYTES = 8 << 20;

async function copyBytes(
  { entry }: AdapterTensor,
  { handle, path }: { readonly handle: FileHandle; readonly path: string },
  write: WriteBytes,
): Promise<void> {
  const length = entry.end - entry.start;
  for (let offset = 0; offset < length; offset += BLOCK_BYTES) {
    const block = new Uint8Array(Math.min(BLOCK_BYTES, length - offset));
    await readExactly(handle, block, entry.start + offset, path);
    await write(block, offset);
  }
}

function newShape(
  tensor: AdapterTensor,
  plan: SwapPlan,
  tokens: ReadonlyMap<string, TrainedTokens>,
): readonly number[] {
  const { entry, how } = tensor;
  if (how === "copied") return entry.shape;
  const count = how === "rows" ? plan.target.rows : tokens.get(entry.name)!.to.length;
  const axis = how === "rows" ? tensor.axis : 0;
  return entry.shape.map((size, dimension) => (dimension === axis ? count : size));
}

function newLength({ shape, start, end }: AdapterTensor["entry"], to: readonly number[]): number {
  const values = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 1);
  const before = values(shape);
  return before === 0 ? 0 : ((end - start) / before) * values(to);
}

/** The adapter that a trainer left in the folder of its base, where there is one. */
export interface AdapterBeside {
  /** The files that `write` writes. */
  readonly files: readonly string[];
  /** @throws RevocabError `file_changed` when the adapter has changed since it was planned */
  check(): Promise<void>;
  /** Undefined where there is no adapter. */
  write(out: string): Promise<WrittenAdapter | undefined>;
}

/**
 * Plans the rewrite of the adapter in a model's own folder: transformers puts it on the model when it opens the folder, so it
 * must follow the vocabulary. The new config names no base: transformers then takes the folder itself, while the base that
 * was named has the old vocabulary.
 *
 * @param options an adapter in `carry` is copied as it is
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
  const task = { adapter, plan, rowSource, model, base: undefined, job: options.job };
  const planned = planAdapter(task);
  return {
    files: [ADAPTER_CONFIG, ADAPTER_WEIGHTS],
    check: () => adapter.folder.check(),
    write: (out) => writeAdapter(task, planned, out, options),
  };
}
