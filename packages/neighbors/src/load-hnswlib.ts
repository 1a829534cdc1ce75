import { RevocabError } from "@revocab/core";

/** The part of hnswlib-node that is used here; the package is optional, so its own types may be missing. */
export interface Hnswlib {
  readonly HierarchicalNSW: new (space: "ip", dimensions: number) => HnswIndex;
}

export interface HnswIndex {
  initIndex(options: {
    readonly maxElements: number;
    readonly m: number;
    readonly efConstruction: number;
    readonly randomSeed: number;
  }): void;
  addPoint(point: number[], label: number): void;
  setEf(ef: number): void;
  /** Distances are 1 − the inner product. There can be fewer than `count`: the graph may have parts it does not reach. */
  searchKnn(query: number[], count: number): { distances: number[]; neighbors: number[] };
}

let loading: Promise<Hnswlib> | undefined;

/** @throws RevocabError `missing_dependency` when hnswlib-node is not installed, or was not built for this machine */
export function loadHnswlib(): Promise<Hnswlib> {
  loading ??= importHnswlib().catch((cause: unknown) => {
    loading = undefined;
    throw new RevocabError(
      "missing_dependency",
      `an index of neighbors needs hnswlib-node, which could not be loaded on ${process.platform}-${process.arch}: ${(cause as Error).message.split("\n")[0]}`,
      {
        hint: "install it with npm install hnswlib-node@3.0.0 (it is compiled on installing), or search without an index (exact)",
        cause,
      },
    );
  });
  return loading;
}

/** The name is a variable: the compiler must not look for types of a package that need not be there. */
async function importHnswlib(name = "hnswlib-node"): Promise<Hnswlib> {
  const module = (await import(name)) as { default?: unknown };
  return (module.default ?? module) as Hnswlib;
}
