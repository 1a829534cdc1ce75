import { open } from "node:fs/promises";
import { join } from "node:path";
import type { ExternalData, Graph, GraphInitializer } from "./graph.ts";
import type { OnnxRuntime, OnnxSession } from "./onnx-runtime.ts";

type Module = Omit<OnnxRuntime, "kind" | "listSupportedBackends"> & {
  readonly env: { readonly wasm: { numThreads?: number } };
};

/** onnxruntime-web in the form of onnxruntime-node. It has one device, and the threads of the first session are those of all. */
export function webRuntime(module: unknown): OnnxRuntime {
  const { InferenceSession, Tensor, env } = module as Module;
  return {
    kind: "wasm",
    InferenceSession: {
      async create(model, options) {
        env.wasm.numThreads ??= options.intraOpNumThreads as number;
        return filling(await InferenceSession.create(model, { ...options, executionProviders: ["wasm"] }));
      },
    },
    Tensor,
    listSupportedBackends: () => [{ name: "cpu", bundled: true }],
  };
}

/** Its `run` gives new tensors whatever it is told: what they hold is copied into those that wait for it. */
function filling(session: OnnxSession): OnnxSession {
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(feeds, fetches) {
      if (fetches === undefined) return session.run(feeds);
      const found = await session.run(
        feeds,
        Object.fromEntries(Object.keys(fetches).map((name) => [name, null])),
      );
      const filled = Object.entries(fetches).map(([name, tensor]) => {
        if (tensor === null) return [name, found[name]] as const;
        (tensor.data as Uint8Array).set(found[name].data as Uint8Array);
        return [name, tensor] as const;
      });
      return Object.fromEntries(filled);
    },
    release: () => session.release(),
  };
}

/**
 * The constants that stand in files, as buffers: onnxruntime-web opens no file. Each range becomes a location of its own.
 * @param directory what locations are relative to
 * @param buffers constants that are in memory, by location
 */
export async function withConstantsInMemory(
  graph: Graph,
  directory: string,
  buffers: ReadonlyMap<string, Uint8Array>,
): Promise<{ readonly graph: Graph; readonly buffers: ReadonlyMap<string, Uint8Array> }> {
  const all = new Map(buffers);
  const initializers: GraphInitializer[] = [];
  for (const initializer of graph.initializers) {
    const { content } = initializer;
    if (content instanceof Uint8Array || buffers.has(content.location)) {
      initializers.push(initializer);
      continue;
    }
    const location = `${content.location}:${content.offset}`;
    if (!all.has(location)) all.set(location, await readRange(directory, content));
    initializers.push({ ...initializer, content: { location, offset: 0, length: content.length } });
  }
  const { nodes, inputs, outputs } = graph;
  return { graph: { nodes, inputs, outputs, initializers }, buffers: all };
}

async function readRange(directory: string, { location, offset, length }: ExternalData): Promise<Uint8Array> {
  const file = await open(join(directory, location));
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, offset);
    if (bytesRead === length) return buffer;
    throw new Error(`${location} ends within a constant`);
  } finally {
    await file.close();
  }
}
