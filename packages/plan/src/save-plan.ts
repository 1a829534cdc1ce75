import { stat } from "node:fs/promises";
import { endianness } from "node:os";
import { readSafetensorsHeader } from "@revocab/checkpoint";
import { buildHeader } from "@revocab/checkpoint/internal";
import { type Job, RevocabError, type RowSource, type TablePlan, throwIfAborted } from "@revocab/core";
import { replaceFile } from "@revocab/files";
import { ifThere } from "@revocab/files/internal";
import { PLAN_FORMAT, PLAN_VERSION, type PlanWords } from "./plan-format.ts";
import type { PlannedSwap, PlanTraining, SwapPlan } from "./swap-plan.ts";

interface PlanTensor {
  readonly name: string;
  readonly dtype: "U8" | "U32" | "F32";
  readonly shape: readonly number[];
  /** The tensor's bytes in their order, block by block. */
  blocks(): Iterable<ArrayBufferView> | AsyncIterable<ArrayBufferView>;
}

/**
 * Writes a plan as one safetensors file (see plan-format.ts), complete or not at all.
 *
 * @throws RevocabError `output_exists` when the file exists and `force` is off, or is no plan; `no_space`,
 *   `write_failed`, `aborted`
 */
export async function savePlan(
  { plan, rowSource }: PlannedSwap,
  out: string,
  { force = false, job }: { force?: boolean; readonly job?: Job } = {},
): Promise<void> {
  await checkPlanPlace(out, force);
  const tensors = [
    ...plan.tables.flatMap((table) => tableTensors(table, rowSource)),
    ...sourceTensors(plan),
    ...targetTensors(plan),
  ];
  // four-byte numbers first, so that they lie aligned in the file
  tensors.sort((a, b) => Number(a.dtype === "U8") - Number(b.dtype === "U8"));
  const header = buildHeader(
    tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape, length: byteLength(dtype, shape) })),
    { format: PLAN_FORMAT, version: PLAN_VERSION, plan: JSON.stringify(wordsOf(plan)) },
  );
  job?.onProgress?.({ type: "step", step: "save plan" });
  await replaceFile(out, async (write) => {
    await write(header);
    for (const tensor of tensors) {
      for await (const block of tensor.blocks()) {
        throwIfAborted(job?.abortSignal);
        await write(littleEndian(block));
      }
    }
    throwIfAborted(job?.abortSignal);
  });
}

function sourceTensors({ source: { labels } }: SwapPlan): PlanTensor[] {
  return [
    {
      name: "source/label_offsets",
      dtype: "U32",
      shape: [labels.offsets.length],
      blocks: () => [labels.offsets],
    },
    { name: "source/labels", dtype: "U8", shape: [labels.bytes.length], blocks: () => [labels.bytes] },
  ];
}

function targetTensors({ target }: SwapPlan): PlanTensor[] {
  return Array.from(target.files, ([file, bytes]) => ({
    name: `target/${file}`,
    dtype: "U8",
    shape: [bytes.length],
    blocks: () => [bytes],
  }));
}

function tableTensors(
  { slot, mixture, basis, dense, origin }: TablePlan,
  rowSource: RowSource,
): PlanTensor[] {
  const whole = (
    name: string,
    dtype: "U8" | "U32" | "F32",
    shape: readonly number[],
    data: ArrayBufferView,
  ): PlanTensor => ({
    name: `${slot}/${name}`,
    dtype,
    shape,
    blocks: () => [data],
  });
  return [
    whole("offsets", "U32", [mixture.offsets.length], mixture.offsets),
    whole("sources", "U32", [mixture.sources.length], mixture.sources),
    whole("weights", "F32", [mixture.weights.length], mixture.weights),
    whole("basis", "F32", [basis.rows, basis.columns], basis.data),
    whole("origin", "U8", [origin.length], origin),
    whole("dense_ids", "U32", [dense.ids.length], dense.ids),
    {
      name: `${slot}/dense_rows`,
      dtype: "F32",
      shape: [dense.ids.length, dense.columns],
      async *blocks() {
        const block = Math.max(1, Math.floor(2 ** 22 / dense.columns));
        for (let start = 0; start < dense.ids.length; start += block) {
          yield (await rowSource.read(slot, start, Math.min(block, dense.ids.length - start))).data;
        }
      },
    },
  ];
}

function wordsOf({
  recipe,
  source,
  target,
  tables,
  alignment,
  digits,
  notes,
  training,
}: SwapPlan): PlanWords {
  const { name, modelType, fingerprint, rows, tied } = source;
  return {
    recipe: {
      ...recipe,
      methods: recipe.methods.map((method) => ({ ...method, options: { ...method.options } })),
    },
    source: { name, modelType, fingerprint, rows, tied },
    target: {
      name: target.name,
      fingerprint: target.fingerprint,
      rows: target.rows,
      files: [...target.files.keys()],
      inputs: target.inputs,
      className: target.className,
    },
    tables: tables.map(({ slot, role, origins }) => ({ slot, role, origins: [...origins] })),
    alignment: { ...alignment, withoutEvidenceExamples: [...alignment.withoutEvidenceExamples] },
    ...(digits && { digits }),
    notes: [...notes],
    ...(training && { training: withoutSeconds(training) }),
  };
}

/** The same training gives the same file, however long it took. */
function withoutSeconds({ seconds: _, ...training }: PlanTraining): NonNullable<PlanWords["training"]> {
  return { ...training, learned: { ...training.learned } };
}

function byteLength(dtype: PlanTensor["dtype"], shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, dtype === "U8" ? 1 : 4);
}

function littleEndian(view: ArrayBufferView): Uint8Array {
  if (endianness() !== "LE") {
    throw new RevocabError("write_failed", "this machine stores numbers big-endian; plans are little-endian");
  }
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/**
 * Refuses an output path before any work is done. `force` replaces plans only: a model's
 * weights named by mistake stay.
 *
 * @throws RevocabError `output_exists`; `bad_file` when the path cannot be read
 */
export async function checkPlanPlace(out: string, force: boolean): Promise<void> {
  const found = await ifThere(out, stat(out));
  if (!found) return;
  if (!force) {
    throw new RevocabError("output_exists", `the plan file ${out} exists already`, {
      hint: "choose another `out`, or pass `force` to replace it",
    });
  }
  if (!found.isFile() || !(await isPlan(out))) {
    throw new RevocabError(
      "output_exists",
      `${out} is ${found.isFile() ? "a file that is no plan" : "no file"}; \`force\` replaces plan files only`,
      { hint: "choose another `out`" },
    );
  }
}

async function isPlan(path: string): Promise<boolean> {
  try {
    return (await readSafetensorsHeader(path)).metadata?.format === PLAN_FORMAT;
  } catch (error) {
    if (error instanceof RevocabError && error.code === "bad_safetensors") return false;
    throw error;
  }
}
