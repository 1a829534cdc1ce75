import type { Checkpoint, CheckpointTable } from "@revocab/checkpoint";
import {
  BYTES_PER_VALUE,
  type FinalStates,
  RevocabError,
  type StoredMatrix,
  type TokenId,
} from "@revocab/core";
import { readMatrix } from "@revocab/matrix";
import { loadOnnxRuntime, type OnnxSession, type OnnxTensor, openSession } from "@revocab/onnx";
import { buildHead, buildHeadSlab, HEAD_PORTS, type TableConstant } from "./graph/build-head.ts";
import type { OpenTransformer } from "./open-transformer.ts";
import { HEAD_VALUES, logitsAtOnce } from "./run/schedule.ts";
import { roundToF16, weightTensor } from "./weight-tensor.ts";
import type { Weights } from "./weights.ts";

/** The head over a vocabulary: what hidden states say of its tokens. Sessions open when they are first used. */
export interface Head {
  /**
   * Natural logarithms of the probabilities of one token for each position of the states, [positions] in the order of the blocks.
   * @param targetsOf the tokens of a block
   */
  scores(
    states: FinalStates,
    targetsOf: (queries: readonly number[]) => readonly number[],
  ): Promise<Float32Array>;
  /** [N × V] for hidden states [N × d]: logits, or the natural logarithms of probabilities. */
  logits(hidden: Float32Array, result: "logits" | "distributions"): Promise<Float32Array>;
  /** [N × V] for hidden states [N × d], with the whole table in the runtime: for a text that grows. */
  next(hidden: Float32Array): Promise<Float32Array>;
  close(): Promise<void>;
}

export function openHead(
  { checkpoint, description, weights, computation, schedule }: OpenTransformer,
  tables: ModelTables,
): Head {
  const { rows: V, columns: d } = tables.output;
  const { threads, device, dtype } = computation;
  const sessions = new Map<string, Promise<OnnxSession>>();
  const slabs = new Map<number, Slab>();
  const slabRows = Math.max(1, Math.min(V, Math.floor(HEAD_VALUES / d)));

  function slabSession(result: "logits" | "scores"): Promise<OnnxSession> {
    const graph = () =>
      buildHeadSlab(d, tables.bias !== undefined, description.head, weights.products, result);
    const opened =
      sessions.get(result) ?? openSession(graph(), { directory: ".", threads, device, shares: true });
    sessions.set(result, opened);
    return opened;
  }

  /** Rows of the table from `start`. @param stays where all of the model does, or there is room for all of the table */
  async function slabAt(start: number, stays = schedule.kind === "whole"): Promise<Slab> {
    const known = slabs.get(start);
    if (known !== undefined) return known;
    const count = Math.min(slabRows, V - start);
    const runtime = await loadOnnxRuntime();
    const tensor = async (matrix: StoredMatrix, shape: readonly number[]) =>
      weightTensor(runtime, (await readMatrix(matrix, start, count)).data, shape, dtype, "the head's table");
    const feeds = {
      [HEAD_PORTS.table]: await tensor(tables.output, [count, d]),
      ...(tables.bias && { [HEAD_PORTS.bias]: await tensor(tables.bias, [count]) }),
    };
    const slab = { start, rows: count, feeds };
    if (stays) slabs.set(start, slab);
    return slab;
  }

  /** The hidden states of some positions, a part at a time, as many as may have logits over a slab at once. */
  function* partsOf(hidden: Float32Array, slab: Slab): Generator<{ row: number; states: Float32Array }> {
    const most = d * Math.max(1, Math.floor(logitsAtOnce(d) / slab.rows));
    for (let at = 0; at < hidden.length; at += most) {
      yield { row: at / d, states: hidden.subarray(at, at + most) };
    }
  }

  async function runSlab(
    slab: Slab,
    hidden: Float32Array,
    targets?: readonly number[],
  ): Promise<Readonly<Record<string, OnnxTensor>>> {
    const { Tensor } = await loadOnnxRuntime();
    const session = await slabSession(targets === undefined ? "logits" : "scores");
    const count = hidden.length / d;
    const places = targets?.map((token) => BigInt(Math.max(0, Math.min(token - slab.start, slab.rows - 1))));
    return session.run({
      ...slab.feeds,
      [HEAD_PORTS.hidden]: new Tensor("float32", hidden, [count, d]),
      ...(places && { [HEAD_PORTS.targets]: new Tensor("int64", BigInt64Array.from(places), [count, 1]) }),
    });
  }

  return {
    async scores(states, targetsOf) {
      const chosen = new Float64Array(states.positions);
      const totals = new Float64Array(states.positions).fill(Number.NEGATIVE_INFINITY);
      for (let start = 0; start < V; start += slabRows) {
        const slab = await slabAt(start);
        let position = 0;
        for await (const block of states.blocks(Math.ceil(V / slabRows))) {
          const targets = targetsOf(block.queries);
          for (const { row, states: some } of partsOf(block.states, slab)) {
            const own = targets.slice(row, row + some.length / d);
            const given = await runSlab(slab, some, own);
            const logits = given[HEAD_PORTS.chosen].data as Float32Array;
            const sums = given[HEAD_PORTS.total].data as Float32Array;
            for (const [i, token] of own.entries()) {
              if (token >= start && token < start + slab.rows) chosen[position] = logits[i];
              totals[position] = logAdd(totals[position], sums[i]);
              position++;
            }
          }
        }
      }
      return Float32Array.from(chosen, (logit, i) => logit - totals[i]);
    },
    async logits(hidden, result) {
      const count = hidden.length / d;
      const logits = new Float32Array(count * V);
      const totals = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
      const stays = hasRoomFor(V * d);
      for (let start = 0; start < V; start += slabRows) {
        const slab = await slabAt(start, stays);
        for (const { row, states } of partsOf(hidden, slab)) {
          const given = await runSlab(slab, states);
          const some = given[HEAD_PORTS.logits].data as Float32Array;
          const sums = given[HEAD_PORTS.total].data as Float32Array;
          for (const [i, sum] of sums.entries()) {
            totals[row + i] = logAdd(totals[row + i], sum);
            logits.set(some.subarray(i * slab.rows, (i + 1) * slab.rows), (row + i) * V + start);
          }
        }
      }
      if (result === "logits") return logits;
      for (let at = 0; at < logits.length; at++) logits[at] -= totals[Math.floor(at / V)];
      return logits;
    },
    async next(hidden) {
      const { Tensor } = await loadOnnxRuntime();
      const opened = sessions.get("next") ?? openWhole();
      sessions.set("next", opened);
      const feeds = { [HEAD_PORTS.hidden]: new Tensor("float32", hidden, [hidden.length / d, d]) };
      return (await (await opened).run(feeds))[HEAD_PORTS.logits].data as Float32Array;
    },
    async close() {
      const opened = [...sessions.values()];
      sessions.clear();
      slabs.clear();
      await Promise.all(opened.map(async (each) => (await each.catch(() => undefined))?.release()));
    },
  };

  /** Whether so many values, which are asked for again and again, may stay in memory. */
  function hasRoomFor(values: number): boolean {
    if (schedule.kind === "whole") return true;
    const bytes = values * (dtype === "f16" ? 2 : 4);
    const held = [...slabs.values()].reduce((sum, { rows }) => sum + rows * d * (dtype === "f16" ? 2 : 4), 0);
    return process.memoryUsage.rss() - held + bytes <= schedule.memory;
  }

  async function openWhole(): Promise<OnnxSession> {
    const constant = (matrix: StoredMatrix, name: string) =>
      dtype === "f16" ? f16Constant(matrix, name) : tableConstant(matrix, name, checkpoint, weights);
    const table = await constant(tables.output, "output");
    const bias = tables.bias && (await constant(tables.bias, "output.bias"));
    const buffers = new Map<string, Uint8Array>();
    for (const { constant, buffer } of [table, ...(bias ? [bias] : [])]) {
      if (buffer !== undefined) buffers.set(constant.content.location, buffer);
    }
    const graph = buildHead(
      { table: table.constant, bias: bias?.constant },
      description.head,
      weights.products,
    );
    return openSession(graph, { directory: weights.directory, buffers, pack: true, threads, device });
  }
}

/** Some rows of the head's table and of its bias. */
interface Slab {
  readonly start: number;
  readonly rows: number;
  /** [rows × d] and [rows], by the names of their ports. */
  readonly feeds: Readonly<Record<string, OnnxTensor>>;
}

/** log(exp a + exp b) */
function logAdd(a: number, b: number): number {
  const most = Math.max(a, b);
  return most === Number.NEGATIVE_INFINITY ? most : most + Math.log1p(Math.exp(Math.min(a, b) - most));
}

/** What of a model depends on its vocabulary: its own tables, or others tried in their place. */
export interface ModelTables {
  /** [V × d] */
  readonly input: StoredMatrix;
  /** [V × d]; the input table itself where the model is tied. */
  readonly output: StoredMatrix;
  /** [V × 1] */
  readonly bias?: StoredMatrix;
  /** Encoder–decoder models: what the encoder reads. @default a source without text, in the ids of the model's config */
  readonly source?: Uint32Array;
  /** Encoder–decoder models: what the decoder begins every text with. @default the id in the model's config */
  readonly startTokens?: readonly TokenId[];
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

/** A constant of a graph, and its bytes where they are in no file. */
interface PlacedConstant {
  readonly constant: TableConstant;
  readonly buffer?: Uint8Array;
}

/** A table rounded to f16: in the runtime a number beyond it would become infinity. */
async function f16Constant(matrix: StoredMatrix, name: string): Promise<PlacedConstant> {
  const { rows, columns } = matrix;
  const halves = new Uint16Array(rows * columns);
  for (let start = 0; start < rows; start += F16_ROWS) {
    const { data } = await readMatrix(matrix, start, Math.min(F16_ROWS, rows - start));
    roundToF16(data, halves.subarray(start * columns, start * columns + data.length), "the head's table");
  }
  const buffer = new Uint8Array(halves.buffer);
  const content = { location: name, offset: 0, length: buffer.length };
  return { constant: { rows, columns, dtype: "F16", content }, buffer };
}

const F16_ROWS = 1024;

/** A table as a constant of a graph: where it lies in the model's files, or else its bytes in memory. */
async function tableConstant(
  matrix: StoredMatrix,
  name: string,
  { tables }: Checkpoint,
  weights: Weights,
): Promise<PlacedConstant> {
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
