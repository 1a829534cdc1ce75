import { realpath } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import type { SafetensorsFile, TensorEntry } from "@revocab/checkpoint";
import { type ComputeDtype, RevocabError } from "@revocab/core";
import type { ElementType, GraphBuilder, Value } from "@revocab/onnx";
import { ELEMENT_OF_COMPUTE } from "@revocab/onnx/internal";
import type { TensorSlice } from "./description.ts";
import { PORTS } from "./graph/ports.ts";

/** Where the graph of a part gets a tensor from. */
export interface GraphWeights {
  /** What matrices are multiplied in. */
  readonly products: ElementType;
  /**
   * A tensor as float32, [shape], or one slice of it, which has that shape.
   * @throws RevocabError `unsupported_checkpoint` when there is none, `shape_mismatch`, `unsupported_dtype`
   */
  use(graph: GraphBuilder, name: string, shape: readonly number[], slice?: TensorSlice): Value;
  /** A matrix to be multiplied with, or what is added to the product: as `use`, in the type of `products`. */
  useFactor(graph: GraphBuilder, name: string, shape: readonly number[], slice?: TensorSlice): Value;
}

/** The tensors of a model's files. As `GraphWeights` they are constants: they stay where they are, and the runtime reads them there. */
export interface Weights extends GraphWeights {
  /** The folder that holds all files, links followed; graphs name files relative to it. */
  readonly directory: string;
  has(name: string): boolean;
  /** The file that holds a tensor, relative to `directory`. */
  locationOf(name: string): string | undefined;
  readonly names: readonly string[];
  /** @throws as `use` does */
  find(name: string, shape: readonly number[], slice?: TensorSlice): FoundTensor;
}

/** A tensor that can be run, or a slice of one. */
export interface FoundTensor {
  readonly file: SafetensorsFile;
  /** Where it lies. Of a slice: the bytes and the shape of the slice alone. */
  readonly entry: TensorEntry;
  readonly dtype: RunnableDtype;
  readonly shape: readonly number[];
}

const ELEMENT_OF = {
  F32: "float",
  F16: "float16",
  BF16: "bfloat16",
  F64: "double",
} as const satisfies Readonly<Record<string, ElementType>>;
export type RunnableDtype = keyof typeof ELEMENT_OF;

/**
 * Finds the tensors of weight files.
 * @param dtype what graphs with these weights multiply in @default "f32"
 */
export async function openWeights(
  files: readonly SafetensorsFile[],
  dtype: ComputeDtype = "f32",
): Promise<Weights> {
  const products = ELEMENT_OF_COMPUTE[dtype];
  const places = await Promise.all(files.map(async (file) => ({ file, path: await realpath(file.path) })));
  const directory = commonFolder(places.map(({ path }) => dirname(path)));
  const tensors = new Map<string, { location: string; file: SafetensorsFile; entry: TensorEntry }>();
  for (const { file, path } of places) {
    // the runtime takes a path inside its folder alone, written with slashes
    const location = relative(directory, path).split(sep).join("/");
    for (const entry of file.tensors) tensors.set(entry.name, { location, file, entry });
  }
  const find = (name: string, own: readonly number[], slice?: TensorSlice): FoundTensor => {
    const shape = slice === undefined ? own : [slice.count, ...own];
    const found = tensors.get(name);
    if (found === undefined) throw missing(name, shape, files);
    const { file, entry } = found;
    const { dtype } = entry;
    if (!isRunnable(dtype)) {
      throw new RevocabError(
        "unsupported_dtype",
        `${file.path} holds ${name} as ${dtype}; F32, F16, BF16 or F64 was expected`,
        { hint: "a quantised model cannot be run here: use the model as it was before, in bf16" },
      );
    }
    if (entry.shape.length !== shape.length || entry.shape.some((size, i) => size !== shape[i])) {
      throw new RevocabError(
        "shape_mismatch",
        `${file.path} holds ${name} with the shape [${entry.shape}]; by the model's config it is [${shape}]`,
        { hint: "config.json and the weights belong to different models: download both again" },
      );
    }
    return { file, entry: slice === undefined ? entry : slicedEntry(entry, slice), dtype, shape: own };
  };
  const constant = (
    graph: GraphBuilder,
    name: string,
    shape: readonly number[],
    type: ElementType,
    slice: TensorSlice | undefined,
  ) => {
    const { entry, dtype: stored } = find(name, shape, slice);
    const value = graph.external(ELEMENT_OF[stored], shape, {
      location: tensors.get(name)!.location,
      offset: entry.start,
      length: entry.end - entry.start,
    });
    return ELEMENT_OF[stored] === type ? value : graph.cast(value, type);
  };
  return {
    directory,
    products,
    names: [...tensors.keys()],
    has: (name) => tensors.has(name),
    locationOf: (name) => tensors.get(name)?.location,
    find,
    use: (graph, name, shape, slice) => constant(graph, name, shape, "float", slice),
    useFactor: (graph, name, shape, slice) => constant(graph, name, shape, products, slice),
  };
}

function slicedEntry(entry: TensorEntry, { index, count }: TensorSlice): TensorEntry {
  const length = (entry.end - entry.start) / count;
  const start = entry.start + index * length;
  return { ...entry, shape: entry.shape.slice(1), start, end: start + length };
}

function isRunnable(dtype: string): dtype is RunnableDtype {
  return Object.hasOwn(ELEMENT_OF, dtype);
}

/** A tensor as the graph of a part takes it. */
export interface PartTensor extends FoundTensor {
  readonly as: ComputeDtype;
}

/** Weights as inputs of a graph, so that it can be run with those of one layer after another. */
export class WeightInputs implements GraphWeights {
  /** In the order of the graph's ports. */
  readonly tensors: PartTensor[] = [];
  readonly products: ElementType;
  readonly #weights: Weights;
  readonly #dtype: ComputeDtype;
  readonly #ports = new Map<string, Value>();

  constructor(weights: Weights, dtype: ComputeDtype) {
    this.#weights = weights;
    this.#dtype = dtype;
    this.products = ELEMENT_OF_COMPUTE[dtype];
  }

  use(graph: GraphBuilder, name: string, shape: readonly number[], slice?: TensorSlice): Value {
    return this.#input(graph, name, shape, "f32", slice);
  }

  useFactor(graph: GraphBuilder, name: string, shape: readonly number[], slice?: TensorSlice): Value {
    return this.#input(graph, name, shape, this.#dtype, slice);
  }

  #input(
    graph: GraphBuilder,
    name: string,
    shape: readonly number[],
    as: ComputeDtype,
    slice: TensorSlice | undefined,
  ): Value {
    const key = `${as} ${name} ${slice?.index ?? ""}`;
    const known = this.#ports.get(key);
    if (known !== undefined) return known;
    const port = graph.input(PORTS.weight(this.tensors.length), ELEMENT_OF_COMPUTE[as], shape);
    this.tensors.push({ ...this.#weights.find(name, shape, slice), as });
    this.#ports.set(key, port);
    return port;
  }
}

function missing(name: string, shape: readonly number[], files: readonly SafetensorsFile[]): RevocabError {
  const where = files.length === 1 ? files[0].path : `${dirname(files[0].path)} (${files.length} files)`;
  return new RevocabError(
    "unsupported_checkpoint",
    `${where} holds no tensor ${name}; by the model's config there is one of shape [${shape}]`,
    { hint: "config.json and the weights belong to different models, or the download was not complete" },
  );
}

function commonFolder(folders: readonly string[]): string {
  return folders.reduce((common, folder) => {
    let shared = common;
    while (shared !== folder && !folder.startsWith(shared.endsWith(sep) ? shared : shared + sep)) {
      const parent = dirname(shared);
      if (parent === shared) break;
      shared = parent;
    }
    return shared;
  });
}
