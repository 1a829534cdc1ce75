import { type Job, RevocabError, type StoredMatrix } from "@revocab/core";
import { loadOnnxRuntime, openSession } from "@revocab/onnx";
import { ELEMENT_OF_COMPUTE } from "@revocab/onnx/internal";
import { asReference, type Computation } from "../computation.ts";
import type { TransformerDescription } from "../description.ts";
import { buildHeadSlab, HEAD_PORTS } from "../graph/build-head.ts";
import { RowCache } from "../row-cache.ts";
import { weightTensor } from "../weight-tensor.ts";
import type { BatchStates, LayerRunner } from "./layer-runner.ts";
import type { PartFeeds, PartWeights } from "./part-weights.ts";

/** One short sequence that goes through a device and through the CPU in f32, part by part. */
export interface Parity {
  /** @param reference the weights of `feeds` in f32 */
  through(index: number, feeds: PartFeeds, reference: PartFeeds): Promise<void>;
  /**
   * Compares the logits of both, once all parts were gone through, and reports the largest difference.
   * @throws RevocabError `device_failed`
   */
  judge(job?: Job): Promise<void>;
}

export interface ParityOptions {
  readonly computation: Computation;
  /** The parts on the device, and those on the CPU in f32. */
  readonly runner: LayerRunner;
  readonly reference: LayerRunner;
  readonly description: TransformerDescription;
  /** [V × d] rows that logits are computed with: a model's head, or its input table where it has none. */
  readonly table: StoredMatrix;
  /** [positions × d_in] the input rows of the sequence. */
  readonly embeddings: Float32Array;
  /** [S × d_enc] the encoder's states, where the description has an encoder. */
  readonly encoded?: Float32Array;
  /** Whether the sequence is read in two pieces, the second with the keys and values of the first, as text that grows is. */
  readonly inPieces: boolean;
}

/** The longest sequence that is compared. */
export const PARITY_POSITIONS = 64;
/** The largest difference of logits that is taken for rounding, as a share of their range. */
const MOST = 1e-2;
/** Rows of the table, spread evenly, that logits are computed with. */
const ROWS = 1024;

export function openParity({
  computation,
  runner,
  reference,
  description,
  table,
  embeddings,
  encoded,
  inPieces,
}: ParityOptions): Parity {
  const positions = embeddings.length / description.width;
  const piece = inPieces && positions > 1 ? Math.ceil(positions / 2) : undefined;
  let onDevice: BatchStates = { hidden: embeddings };
  let onCpu: BatchStates = { hidden: embeddings };

  async function step(
    of: LayerRunner,
    index: number,
    weights: PartFeeds,
    states: BatchStates,
  ): Promise<BatchStates> {
    const { part } = of.parts[index];
    const given = Object.fromEntries(
      Object.entries(part.gives).map(([name, columns]) => [name, new Float32Array(positions * columns)]),
    );
    await of.run(index, weights, states, [positions], given, { piece, rowsAtOnce: positions, encoded });
    return { ...states, ...given };
  }

  return {
    async through(index, feeds, referenceFeeds) {
      onDevice = await step(runner, index, feeds, onDevice);
      onCpu = await step(reference, index, referenceFeeds, onCpu);
    },
    async judge(job) {
      const rows = await spreadRows(table);
      const expected = await logitsOf(onCpu.hidden, rows, description, asReference(computation));
      // the model's own fault, which is named where its states are used
      if (expected.some(Number.isNaN)) return;
      const found = await logitsOf(onDevice.hidden, rows, description, computation);
      const { difference, share } = compare(found, expected);
      const { device, dtype } = computation;
      const hint =
        dtype === "f16" ? "compute in f32: leave out `dtype`" : "compute on the CPU: leave out `device`";
      if (!Number.isFinite(share)) {
        const message = `some logits in ${dtype} on ${device} are no numbers; in f32 on cpu all are`;
        throw new RevocabError("device_failed", message, { hint });
      }
      const message = `the logits in ${dtype} on ${device} differ from those in f32 on cpu by up to ${shown(difference)}, ${shown(100 * share)} % of their range`;
      if (share > MOST) {
        throw new RevocabError("device_failed", `${message}; at most ${100 * MOST} % was expected`, { hint });
      }
      job?.onProgress?.({ type: "note", step: "run the model", message, isDetail: true });
    },
  };
}

/** A comparison before the work, where the weights that it takes stay in memory. */
export async function throughAll(
  parity: Parity,
  { parts }: LayerRunner,
  weights: PartWeights,
  job: Job | undefined,
): Promise<void> {
  for (const index of parts.keys()) {
    const { feeds, reference } = await weights.take(index, { withReference: true, job });
    await parity.through(index, feeds, reference as PartFeeds);
  }
  await parity.judge(job);
}

/** [rows × d] */
interface Rows {
  readonly count: number;
  readonly values: Float32Array;
}

async function spreadRows(table: StoredMatrix): Promise<Rows> {
  const count = Math.min(table.rows, ROWS);
  const ids = Uint32Array.from({ length: count }, (_, i) => Math.floor((i * table.rows) / count));
  const values = new Float32Array(count * table.columns);
  await new RowCache(table).fill(ids, values, 0);
  return { count, values };
}

/** [positions × rows] */
async function logitsOf(
  hidden: Float32Array,
  rows: Rows,
  { head }: TransformerDescription,
  { threads, device, dtype }: Computation,
): Promise<Float32Array> {
  const runtime = await loadOnnxRuntime();
  const width = rows.values.length / rows.count;
  const graph = buildHeadSlab(width, false, head, ELEMENT_OF_COMPUTE[dtype], "logits");
  const session = await openSession(graph, { directory: ".", threads, device });
  try {
    const given = await session.run({
      [HEAD_PORTS.hidden]: new runtime.Tensor("float32", hidden, [hidden.length / width, width]),
      [HEAD_PORTS.table]: weightTensor(runtime, rows.values, [rows.count, width], dtype, "the head's table"),
    });
    return given[HEAD_PORTS.logits].data as Float32Array;
  } finally {
    await session.release();
  }
}

/** The largest difference, and as a share of the range of what was expected; NaN where there is one. */
function compare(
  found: Float32Array,
  expected: Float32Array,
): { readonly difference: number; readonly share: number } {
  let difference = 0;
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [i, value] of expected.entries()) {
    difference = Math.max(difference, Math.abs(found[i] - value));
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return { difference, share: difference === 0 ? 0 : difference / (most - least) };
}

function shown(value: number): string {
  return Number(value.toPrecision(2)).toString();
}
