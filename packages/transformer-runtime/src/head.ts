import type { Checkpoint, CheckpointTable } from "@revocab/checkpoint";
import { BYTES_PER_VALUE, RevocabError, type StoredMatrix } from "@revocab/core";
import { loadOnnxRuntime, type OnnxSession, type OnnxTensor, openSession } from "@revocab/onnx";
import { buildHead, HEAD_PORTS, type HeadResult, type TableConstant } from "./graph/build-head.ts";
import type { Transformer } from "./open-transformer.ts";
import type { Weights } from "./weights.ts";

/** Logits of one block are held at once: about 64 MB of them. */
const BLOCK_VALUES = 16e6;

/** The head over a vocabulary: what hidden states say of its tokens. Sessions open when they are first used. */
interface Head {
  load(result: HeadResult): Promise<void>;
  /**
   * @param hidden [N × d]
   * @param targets [N] for `scores`
   * @returns [N × V], or [N] for `scores`
   */
  run(result: HeadResult, hidden: Float32Array, targets?: BigInt64Array): Promise<Float32Array>;
  close(): Promise<void>;
}

export function openHead(
  { checkpoint, description, weights, threads }: Transformer,
  tables: ModelTables,
): Head {
  const sessions = new Map<HeadResult, Promise<OnnxSession>>();
  let constants: ReturnType<typeof readTables> | undefined;
  const session = (result: HeadResult) => {
    const opened = sessions.get(result) ?? open(result);
    sessions.set(result, opened);
    return opened;
  };
  const { rows: V, columns: d } = tables.output;
  return {
    async load(result) {
      await session(result);
    },
    async run(result, hidden, targets) {
      const { Tensor } = await loadOnnxRuntime();
      const head = await session(result);
      const width = result === "scores" ? 1 : V;
      const total = hidden.length / d;
      const blockRows = Math.max(1, Math.floor(BLOCK_VALUES / V));
      const out = new Float32Array(total * width);
      for (let start = 0; start < total; start += blockRows) {
        const count = Math.min(blockRows, total - start);
        const feeds: Record<string, OnnxTensor> = {
          [HEAD_PORTS.hidden]: new Tensor("float32", hidden.subarray(start * d, (start + count) * d), [
            count,
            d,
          ]),
        };
        if (targets !== undefined) {
          feeds[HEAD_PORTS.targets] = new Tensor("int64", targets.subarray(start, start + count), [count, 1]);
        }
        out.set((await head.run(feeds))[HEAD_PORTS.result].data as Float32Array, start * width);
      }
      return out;
    },
    async close() {
      const opened = [...sessions.values()];
      sessions.clear();
      constants = undefined;
      await Promise.all(opened.map(async (each) => (await each.catch(() => undefined))?.release()));
    },
  };

  /** Kept as long as the sessions: they may use the bytes where they lie. */
  async function readTables() {
    const table = await tableConstant(tables.output, "output", checkpoint, weights);
    const bias = tables.bias && (await tableConstant(tables.bias, "output.bias", checkpoint, weights));
    const buffers = new Map<string, Uint8Array>();
    for (const { constant, buffer } of [table, ...(bias ? [bias] : [])]) {
      if (buffer !== undefined) buffers.set(constant.content.location, buffer);
    }
    return { table: table.constant, bias: bias?.constant, buffers };
  }

  async function open(result: HeadResult): Promise<OnnxSession> {
    constants ??= readTables();
    const { buffers, ...named } = await constants;
    return openSession(buildHead({ ...named, description: description.head, result }), {
      directory: weights.directory,
      buffers,
      pack: result !== "scores", // the others are asked for few positions at a time
      threads,
    });
  }
}

/** The tables of a model that depend on its vocabulary: the model's own, or others tried in their place. */
export interface ModelTables {
  /** [V × d] */
  readonly input: StoredMatrix;
  /** [V × d]; the input table itself where the model is tied. */
  readonly output: StoredMatrix;
  /** [V × 1] */
  readonly bias?: StoredMatrix;
}

/**
 * A model's own input and head tables; where it is tied, the head is the input table.
 * @throws RevocabError `unsupported_checkpoint` when the model has no language-model head
 */
export function tablesOf({ tables, tied, directory, modelType }: Checkpoint): ModelTables {
  const bySlot = new Map(tables.map((table) => [table.slot, table.matrix]));
  const input = bySlot.get("input") as StoredMatrix;
  const output = bySlot.get("output") ?? (tied ? input : undefined);
  if (output === undefined) {
    throw new RevocabError(
      "unsupported_checkpoint",
      `${directory} (${modelType}) has no language-model head, so it predicts no tokens`,
      { hint: "use the checkpoint of the causal or masked language model" },
    );
  }
  const bias = bySlot.get("output.bias");
  return { input, output, bias };
}

/** A table as a constant of a graph: where it lies in the model's files, or else its bytes in memory. */
async function tableConstant(
  matrix: StoredMatrix,
  name: string,
  { tables }: Checkpoint,
  weights: Weights,
): Promise<{ constant: TableConstant; buffer?: Uint8Array }> {
  const { rows, columns, dtype } = matrix;
  const own = tables.find((table) => table.matrix === matrix);
  const place = own && placeOf(own, weights);
  if (place !== undefined) return { constant: { rows, columns, dtype, content: place } };
  const buffer = matrix.bytes ?? (await readAll(matrix));
  const content = { location: name, offset: 0, length: buffer.length };
  return { constant: { rows, columns, dtype, content }, buffer };
}

function placeOf({ tensors, matrix }: CheckpointTable, weights: Weights) {
  const { entry } = tensors[0];
  const length = matrix.rows * matrix.columns * BYTES_PER_VALUE[matrix.dtype];
  const location = weights.locationOf(entry.name);
  return location === undefined ? undefined : { location, offset: entry.start, length };
}

async function readAll(matrix: StoredMatrix): Promise<Uint8Array> {
  const bytes = new Uint8Array(matrix.rows * matrix.columns * BYTES_PER_VALUE[matrix.dtype]);
  await matrix.readRows(0, matrix.rows, bytes);
  return bytes;
}
