import { loadOnnxRuntime, type OnnxSession, type OnnxTensor, openSession } from "@revocab/onnx";
import { buildHead, HEAD_PORTS, type HeadResult } from "./graph/build-head.ts";
import { type ModelTables, tableConstant } from "./model-tables.ts";
import type { Transformer } from "./open-transformer.ts";

/** Logits of one block are held at once: about 64 MB of them. */
const BLOCK_VALUES = 16e6;

/** The head over a vocabulary: what hidden states say of its tokens. Sessions open when they are first used. */
export interface Head {
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
    return { table: table.constant, ...(bias && { bias: bias.constant }), buffers };
  }

  async function open(result: HeadResult): Promise<OnnxSession> {
    constants ??= readTables();
    const { buffers, ...named } = await constants;
    return openSession(buildHead({ ...named, description: description.head, result }), {
      directory: weights.directory,
      buffers,
      pack: result !== "scores", // the others are asked for few positions at a time
      ...(threads !== undefined && { threads }),
    });
  }
}
