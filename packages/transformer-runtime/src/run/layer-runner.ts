import {
  encodeModel,
  type GraphBuilder,
  loadOnnxRuntime,
  type OnnxRuntime,
  type OnnxSession,
  type OnnxTensor,
  openSession,
  type QueryBlocks,
} from "@revocab/onnx";
import { bodyFeeds, noPast, type PaddedBatch, RotaryTables } from "../body-feeds.ts";
import { asReference, type Computation } from "../computation.ts";
import { outputWidth, type TransformerDescription } from "../description.ts";
import { buildPart, buildPartGradient, innerProducts } from "../graph/build-body.ts";
import type { Part, StateWidths } from "../graph/part.ts";
import { PORTS } from "../graph/ports.ts";
import { type PartTensor, WeightInputs, type Weights } from "../weights.ts";
import type { PartFeeds } from "./part-weights.ts";

/** A part and the tensors that its graph takes. */
export interface RunnablePart {
  readonly part: Part;
  readonly tensors: readonly PartTensor[];
}

/** The states of a batch, [rows × columns] by name. */
export type BatchStates = Readonly<Record<string, Float32Array>>;

/** What a part needs besides the states of a batch. */
export interface RunOptions {
  /** Positions of the batch's one sequence that attend at a time. @default all */
  readonly piece?: number;
  /** Rows that run at a time in a part whose positions do not see each other. */
  readonly rowsAtOnce: number;
  /** [S × d_enc] the encoder's states, where the description has an encoder. */
  readonly encoded?: Float32Array;
  /** [rows × columns] gets the part's {@link LayerRunner.innerProducts}. @default they are not kept */
  readonly products?: BatchStates | undefined;
}

export interface RunBackOptions extends Pick<RunOptions, "rowsAtOnce"> {
  /** [rows × columns] the part's {@link LayerRunner.innerProducts}. @default they are computed again */
  readonly products?: BatchStates | undefined;
}

/**
 * Runs single parts of a body. Parts whose graphs are equal but for the names of their tensors share a session, so that a model of
 * many layers has a handful.
 */
export class LayerRunner {
  readonly description: TransformerDescription;
  readonly parts: readonly RunnablePart[];
  readonly #weights: Weights;
  readonly #computation: Computation;
  readonly #rotary: ReadonlyMap<string, RotaryTables>;
  /** By the graph, and by part and what was wanted of it. */
  readonly #sessions = new Map<string, Promise<OnnxSession>>();
  readonly #products = new Map<number, StateWidths>();
  readonly #asked = new Map<string, Promise<OnnxSession>>();
  /** What batches of the same lengths are fed. */
  #feeds = new Map<string, Record<string, OnnxTensor>>();

  /** @throws RevocabError for a tensor that is not there or not as the config says, before any work */
  constructor(
    description: TransformerDescription,
    parts: readonly Part[],
    weights: Weights,
    computation: Computation,
  ) {
    this.description = description;
    this.#weights = weights;
    this.#computation = computation;
    this.#rotary = rotaryTables(description);
    this.parts = parts.map((part) => {
      const inputs = new WeightInputs(weights, computation.dtype);
      buildPart(part, description, inputs);
      return { part, tensors: inputs.tensors };
    });
  }

  /**
   * Runs part `index` on a batch.
   * @param into [rows × columns] what the part gives
   */
  async run(
    index: number,
    weights: PartFeeds,
    states: BatchStates,
    lengths: readonly number[],
    into: BatchStates,
    options: RunOptions,
  ): Promise<void> {
    const runtime = await loadOnnxRuntime();
    const { part } = this.parts[index] as RunnablePart;
    const { piece } = options;
    if (part.attends === undefined) return this.#runRows(index, weights, states, lengths, into, options);
    if (piece !== undefined) return this.#runPieces(index, weights, states, lengths[0], into, piece);
    const wanted = {
      kind: "whole",
      blocks: blocksOf(lengths),
      keeps: options.products !== undefined,
    } as const;
    const session = await this.#session(index, wanted);
    const known = this.#knownFeeds(runtime, session, lengths);
    const rows = [0, lengths.length * Math.max(...lengths)] as const;
    const feeds = { ...weights, ...known, ...stateTensors(runtime, states, part.takes, rows, PORTS.state) };
    await session.run(feeds, this.#given(runtime, index, into, options.products, rows));
  }

  /** Columns of the products with weights that the gradient of part `index` takes, where they were kept. */
  innerProducts(index: number): StateWidths {
    const known = this.#products.get(index);
    if (known !== undefined) return known;
    const { part } = this.parts[index] as RunnablePart;
    const found = innerProducts(part, this.description, () => this.#newWeights());
    this.#products.set(index, found);
    return found;
  }

  /**
   * Runs the gradient of part `index` on a batch; what lies inside the part and was not kept is computed again.
   * @param states [rows × columns] what the part took
   * @param gradients [rows × columns] by what it gave
   * @param into [rows × columns] by what it took
   */
  async runBack(
    index: number,
    weights: PartFeeds,
    states: BatchStates,
    gradients: BatchStates,
    lengths: readonly number[],
    into: BatchStates,
    { rowsAtOnce, products }: RunBackOptions,
  ): Promise<void> {
    const runtime = await loadOnnxRuntime();
    const { part } = this.parts[index] as RunnablePart;
    const wanted = { kind: "gradient", blocks: blocksOf(lengths), keeps: products !== undefined } as const;
    const session = await this.#session(index, wanted);
    const count = lengths.length * Math.max(...lengths);
    const own = this.#knownFeeds(runtime, session, lengths);
    const step = part.attends === undefined ? rowsAtOnce : count;
    for (let start = 0; start < count; start += step) {
      const rows = [start, Math.min(start + step, count)] as const;
      const feeds = {
        ...weights,
        ...own,
        ...stateTensors(runtime, states, part.takes, rows, PORTS.state),
        ...stateTensors(runtime, gradients, part.gives, rows, PORTS.gradient),
        ...(products && stateTensors(runtime, products, this.innerProducts(index), rows, PORTS.product)),
      };
      await session.run(feeds, stateTensors(runtime, into, part.takes, rows, PORTS.nextGradient));
    }
  }

  /** The same parts on the CPU, in f32. */
  asReference(): LayerRunner {
    const parts = this.parts.map(({ part }) => part);
    return new LayerRunner(this.description, parts, this.#weights, asReference(this.#computation));
  }

  /** Frees the sessions; a further run opens them again. */
  async close(): Promise<void> {
    const opened = [...this.#sessions.values()];
    this.#sessions.clear();
    this.#asked.clear();
    this.#feeds.clear();
    await Promise.all(opened.map(async (each) => (await each.catch(() => undefined))?.release()));
  }

  /** A part in which positions do not see each other: a few rows at a time. */
  async #runRows(
    index: number,
    weights: PartFeeds,
    states: BatchStates,
    lengths: readonly number[],
    into: BatchStates,
    { rowsAtOnce, encoded, products }: RunOptions,
  ): Promise<void> {
    const runtime = await loadOnnxRuntime();
    const { part } = this.parts[index] as RunnablePart;
    const keeps = products !== undefined;
    const session = await this.#session(index, { kind: "whole", blocks: undefined, keeps });
    const T = Math.max(...lengths);
    const count = lengths.length * T;
    const { [PORTS.positions]: positions } = this.#batchFeeds(runtime, session, { lengths, past: 0 });
    const source = encodedFeeds(runtime, this.description, session.inputNames, encoded);
    for (let start = 0; start < count; start += rowsAtOnce) {
      const rows = [start, Math.min(start + rowsAtOnce, count)] as const;
      const feeds = {
        ...weights,
        ...source,
        ...stateTensors(runtime, states, part.takes, rows, PORTS.state),
      };
      if (positions !== undefined) {
        const ids = (positions.data as BigInt64Array).slice(...rows);
        feeds[PORTS.positions] = new runtime.Tensor("int64", ids, [ids.length]);
      }
      await session.run(feeds, this.#given(runtime, index, into, products, rows));
    }
  }

  /** Where a run of part `index` puts what it gives. */
  #given(
    runtime: OnnxRuntime,
    index: number,
    into: BatchStates,
    products: BatchStates | undefined,
    rows: readonly [number, number],
  ): Record<string, OnnxTensor> {
    const { part } = this.parts[index] as RunnablePart;
    return {
      ...stateTensors(runtime, into, part.gives, rows, PORTS.nextState),
      ...(products && stateTensors(runtime, products, this.innerProducts(index), rows, PORTS.product)),
    };
  }

  /** One long sequence, piece by piece, each with the keys and values of those before: the same numbers in less memory. */
  async #runPieces(
    index: number,
    weights: PartFeeds,
    states: BatchStates,
    length: number,
    into: BatchStates,
    piece: number,
  ): Promise<void> {
    const runtime = await loadOnnxRuntime();
    const { part } = this.parts[index] as RunnablePart;
    const session = await this.#session(index, { kind: "pieces" });
    let [key, value] = noPast(runtime, part.attends!.attention, 1);
    for (let start = 0; start < length; start += piece) {
      const rows = [start, Math.min(start + piece, length)] as const;
      const batch = { lengths: [rows[1] - start], past: start, total: length };
      const feeds = {
        ...weights,
        ...this.#batchFeeds(runtime, session, batch),
        ...stateTensors(runtime, states, part.takes, rows, PORTS.state),
        [PORTS.pastKey(0)]: key,
        [PORTS.pastValue(0)]: value,
      };
      const given = await session.run(feeds, {
        ...stateTensors(runtime, into, part.gives, rows, PORTS.nextState),
        [PORTS.presentKey(0)]: null,
        [PORTS.presentValue(0)]: null,
      });
      key = given[PORTS.presentKey(0)];
      value = given[PORTS.presentValue(0)];
    }
  }

  #batchFeeds(runtime: OnnxRuntime, session: OnnxSession, batch: PaddedBatch): Record<string, OnnxTensor> {
    return bodyFeeds(runtime, this.description, this.#rotary, session.inputNames, batch);
  }

  /** Those of the batches before, where the lengths are the same. */
  #knownFeeds(
    runtime: OnnxRuntime,
    session: OnnxSession,
    lengths: readonly number[],
  ): Record<string, OnnxTensor> {
    const names = session.inputNames.filter((name) => !name.startsWith("weight."));
    const key = `${names.join()} ${lengths.join()}`;
    const known = this.#feeds.get(key) ?? this.#batchFeeds(runtime, session, { lengths, past: 0 });
    this.#remember(key, known);
    return known;
  }

  #remember(key: string, feeds: Record<string, OnnxTensor>): void {
    if (this.#feeds.has(key)) return;
    if (this.#feeds.size >= KNOWN_FEEDS) this.#feeds = new Map([...this.#feeds].slice(1));
    this.#feeds.set(key, feeds);
  }

  /** Of a small model what lies between the operators of a part is small, too. */
  get #isSmall(): boolean {
    const values = this.parts.flatMap(({ tensors }) => tensors.map(({ shape }) => shape));
    return values.reduce((sum, shape) => sum + shape.reduce((size, one) => size * one, 1), 0) <= FEW_WEIGHTS;
  }

  /** Building a graph to look its session up takes a millisecond: what was asked for once is remembered. */
  #session(index: number, wanted: Wanted): Promise<OnnxSession> {
    const name = `${index} ${JSON.stringify(wanted)}`;
    const known = this.#asked.get(name);
    if (known !== undefined) return known;
    const { threads, device } = this.#computation;
    const graph = this.#graph(index, wanted);
    const key = Buffer.from(encodeModel(graph)).toString("latin1");
    const opened =
      this.#sessions.get(key) ??
      openSession(graph, {
        ...{ directory: ".", threads, device, shares: true },
        keepsMemory: wanted.kind === "gradient" && this.#isSmall,
      });
    this.#sessions.set(key, opened);
    this.#asked.set(name, opened);
    return opened;
  }

  /** For one graph. */
  #newWeights(): WeightInputs {
    return new WeightInputs(this.#weights, this.#computation.dtype);
  }

  #graph(index: number, wanted: Wanted): GraphBuilder {
    const { part } = this.parts[index] as RunnablePart;
    const weights = this.#newWeights();
    if (wanted.kind === "pieces") return buildPart(part, this.description, weights, { cache: true });
    const { blocks, keeps } = wanted;
    const options = { blocks, products: keeps ? this.innerProducts(index) : undefined };
    return wanted.kind === "whole"
      ? buildPart(part, this.description, weights, options)
      : buildPartGradient(part, this.description, weights, options);
  }
}

/** A graph of a part; `keeps`: its inner products are kept from the way forward to the way back. */
type Wanted =
  | { readonly kind: "pieces" }
  | {
      readonly kind: "whole" | "gradient";
      readonly blocks: QueryBlocks | undefined;
      readonly keeps: boolean;
    };

/**
 * Some queries at a time: their scores fit into the caches, and of causal attention nearly half is not computed.
 * @returns undefined for texts that are too short to gain
 */
function blocksOf(lengths: readonly number[]): QueryBlocks | undefined {
  const longest = Math.max(...lengths);
  if (longest < 2 * QUERIES) return undefined;
  const queries = QUERIES * Math.ceil(longest / (QUERIES * MOST_BLOCKS));
  return { queries, count: Math.ceil(longest / queries) };
}

const QUERIES = 128;
const MOST_BLOCKS = 16;

const FEW_WEIGHTS = 64e6;

/** Texts are cut into windows of one length, so that nearly all batches are fed the same. */
const KNOWN_FEEDS = 4;

export function rotaryTables({ rotary }: TransformerDescription): ReadonlyMap<string, RotaryTables> {
  return new Map(Object.entries(rotary).map(([name, one]) => [name, new RotaryTables(one)] as const));
}

/** The encoder's states, where a graph takes them. */
export function encodedFeeds(
  { Tensor }: OnnxRuntime,
  { encoder }: TransformerDescription,
  inputNames: readonly string[],
  encoded: Float32Array | undefined,
): Record<string, OnnxTensor> {
  if (encoder === undefined || encoded === undefined || !inputNames.includes(PORTS.encoded)) return {};
  const columns = outputWidth(encoder.body);
  return { [PORTS.encoded]: new Tensor("float32", encoded, [encoded.length / columns, columns]) };
}

/** Rows [start, end) of states as tensors, by the names that the graph has for them. */
function stateTensors(
  { Tensor }: OnnxRuntime,
  states: BatchStates,
  widths: Readonly<Record<string, number>>,
  [start, end]: readonly [number, number],
  port: (name: string) => string,
): Record<string, OnnxTensor> {
  const tensors: Record<string, OnnxTensor> = {};
  for (const [name, columns] of Object.entries(widths)) {
    const rows = (states[name] as Float32Array).subarray(start * columns, end * columns);
    tensors[port(name)] = new Tensor("float32", rows, [end - start, columns]);
  }
  return tensors;
}
