import { realpath } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import type { SafetensorsFile, TensorEntry } from "@revocab/checkpoint";
import { RevocabError } from "@revocab/core";
import type { ElementType, GraphBuilder, Value } from "@revocab/onnx";

/** The tensors of a model's files as constants of a graph: they stay where they are, and the runtime reads them there. */
export interface Weights {
  /** The folder that holds all files, links followed; graphs name files relative to it. */
  readonly directory: string;
  has(name: string): boolean;
  /** The file that holds a tensor, relative to `directory`. */
  locationOf(name: string): string | undefined;
  readonly names: readonly string[];
  /**
   * A tensor as float32, [shape].
   * @throws RevocabError `unsupported_checkpoint` when there is none, `shape_mismatch`, `unsupported_dtype`
   */
  use(graph: GraphBuilder, name: string, shape: readonly number[]): Value;
}

const ELEMENT_OF: Readonly<Record<string, ElementType>> = {
  F32: "float",
  F16: "float16",
  BF16: "bfloat16",
  F64: "double",
};

/** Finds the tensors of weight files and names them in a graph as external data: the runtime reads them from the files. */
export async function openWeights(files: readonly SafetensorsFile[]): Promise<Weights> {
  const places = await Promise.all(files.map(async (file) => ({ file, path: await realpath(file.path) })));
  const directory = commonFolder(places.map(({ path }) => dirname(path)));
  const tensors = new Map<string, { location: string; path: string; entry: TensorEntry }>();
  for (const { file, path } of places) {
    // the runtime takes a path inside its folder alone, written with slashes
    const location = relative(directory, path).split(sep).join("/");
    for (const entry of file.tensors) tensors.set(entry.name, { location, path: file.path, entry });
  }
  return {
    directory,
    names: [...tensors.keys()],
    has: (name) => tensors.has(name),
    locationOf: (name) => tensors.get(name)?.location,
    use(graph, name, shape) {
      const found = tensors.get(name);
      if (found === undefined) throw missing(name, shape, files);
      const { location, path, entry } = found;
      const type = ELEMENT_OF[entry.dtype];
      if (type === undefined) {
        throw new RevocabError(
          "unsupported_dtype",
          `${path} holds ${name} as ${entry.dtype}; F32, F16, BF16 or F64 was expected`,
          { hint: "a quantised model cannot be run here: use the model as it was before, in bf16" },
        );
      }
      if (entry.shape.length !== shape.length || entry.shape.some((size, i) => size !== shape[i])) {
        throw new RevocabError(
          "shape_mismatch",
          `${path} holds ${name} with the shape [${entry.shape}]; by the model's config it is [${shape}]`,
          { hint: "config.json and the weights belong to different models: download both again" },
        );
      }
      const stored = graph.external(type, shape, {
        location,
        offset: entry.start,
        length: entry.end - entry.start,
      });
      return type === "float" ? stored : graph.asFloat(stored);
    },
  };
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
