import { type FileHandle, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConfigChange } from "@revocab/checkpoint";
import { buildHeader, placeUnchanged, readExactly, writeAt } from "@revocab/checkpoint/internal";
import { type Job, type RowSource, throwIfAborted } from "@revocab/core";
import { openFile, writeError } from "@revocab/files";
import type { OpenModel, SwapPlan } from "@revocab/plan";
import type { WrittenAdapter } from "@revocab/report";
import { followAdapterConfig } from "./follow-adapter-config.ts";
import { ADAPTER_CONFIG, ADAPTER_WEIGHTS, type Adapter, refuseAdapter } from "./open-adapter.ts";
import { checkNewRows, rewriteRows, type WriteBytes } from "./rewrite-rows.ts";
import { type AdapterTensor, sortTensors } from "./sort-tensors.ts";
import { rewriteTrainedTokens, type TrainedTokens, trainedTokens } from "./trained-tokens.ts";

export interface AdapterTask {
  readonly adapter: Adapter;
  readonly plan: SwapPlan;
  readonly rowSource: RowSource;
  /** The base that the adapter was trained on. */
  readonly model: OpenModel;
  /** What its config names as its base; undefined for none. */
  readonly base: string | undefined;
  readonly job?: Job;
}

/** What an adapter will be: every tensor sorted, every id of its config followed. Nothing has been written. */
export interface PlannedAdapter {
  readonly tensors: readonly AdapterTensor[];
  /** By the name of their tensor, those that are left out too. */
  readonly tokens: ReadonlyMap<string, TrainedTokens>;
  readonly configText: string;
  readonly changes: readonly ConfigChange[];
  /** Tensors of tokens that the target has nothing of. */
  readonly gone: readonly string[];
}

const BLOCK_BYTES = 8 << 20;

/**
 * Sorts what the adapter trains before anything is written.
 * @throws RevocabError `unsupported_checkpoint`, `unsupported_dtype`, `shape_mismatch`, `bad_config`
 */
export function planAdapter({ adapter, plan, model, base }: Omit<AdapterTask, "rowSource">): PlannedAdapter {
  if (adapter.config.ensure_weight_tying === true && plan.recipe.untie) {
    throw refuseAdapter(
      adapter,
      "it trains head and input as one (ensure_weight_tying), but the plan parts them",
    );
  }
  const tensors = sortTensors(adapter, plan, model);
  const tokens = new Map(
    tensors.flatMap((tensor) =>
      tensor.how === "tokens" ? [[tensor.entry.name, trainedTokens(tensor, adapter, plan, model)]] : [],
    ),
  );
  const lists = new Map<string, string>();
  for (const { keys, to } of tokens.values()) {
    const [path, ids] = [keys.join("."), JSON.stringify(to)];
    if ((lists.get(path) ?? ids) !== ids) {
      throw refuseAdapter(
        adapter,
        `it has one list of trained tokens (${path}) for two tables, but the rows that the plan makes with them differ`,
      );
    }
    lists.set(path, ids);
  }
  const config = followAdapterConfig(adapter, base, [...tokens.values()], model.checkpoint.tied);
  return {
    tensors: tensors.filter(({ entry }) => tokens.get(entry.name)?.to.length !== 0),
    tokens,
    configText: config.text,
    changes: config.changes,
    gone: tensors.flatMap(({ entry }) => (tokens.get(entry.name)?.to.length === 0 ? [entry.name] : [])),
  };
}

/**
 * Writes the adapter's two files into `out`, rewritten for the plan's target. Where no tensor has a vocabulary dimension
 * the weights are the same file, hard-linked with `link`.
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
