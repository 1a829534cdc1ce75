import { availableParallelism } from "node:os";
import { type ComputeDtype, RevocabError, showText } from "@revocab/core";
import { type ElementType, GraphBuilder } from "./graph.ts";
import { loadOnnxRuntime } from "./load-onnxruntime.ts";
import type { OnnxSession, OnnxTensor } from "./onnx-runtime.ts";
import { createSession, reasonOf } from "./open-session.ts";

/** ONNX's name of what a matrix is multiplied in. */
export const ELEMENT_OF_COMPUTE = {
  f32: "float",
  f16: "float16",
} as const satisfies Readonly<Record<ComputeDtype, ElementType>>;

/**
 * The devices that multiply matrices on this machine, `cpu` first. Each is tried. Those whose libraries onnxruntime-node does not
 * bring (`cuda`, `tensorrt`) are tried only where a caller names one, because without the libraries the runtime writes to stderr.
 * @param dtype what they are to multiply in @default "f32"
 * @throws RevocabError `missing_dependency`
 */
export async function availableDevices(dtype: ComputeDtype = "f32"): Promise<readonly string[]> {
  const { listSupportedBackends } = await loadOnnxRuntime();
  const available = ["cpu"];
  for (const { name, bundled } of listSupportedBackends()) {
    if (name !== "cpu" && bundled && (await faultOf(name, dtype)) === undefined) available.push(name);
  }
  return available;
}

/**
 * Refuses a device that does not multiply matrices itself: the runtime would leave all of a model to the CPU, or fail in the middle of
 * the work.
 * @throws RevocabError `bad_options`, with the devices that do; `missing_dependency`
 */
export async function requireDevice(device: string, dtype: ComputeDtype): Promise<void> {
  if (device === "cpu") return;
  const { listSupportedBackends } = await loadOnnxRuntime();
  const backends = listSupportedBackends();
  const isKnown = backends.some(({ name }) => name === device);
  const fault = isKnown ? await faultOf(device, dtype) : undefined;
  if (isKnown && fault === undefined) return;
  const available = await availableDevices(dtype);
  const others = backends.filter(({ bundled }) => !bundled).map(({ name }) => name);
  throw new RevocabError(
    "bad_options",
    isKnown
      ? `the device ${device} cannot multiply matrices in ${dtype} on this machine: ${fault}`
      : `there is no device ${showText(device)} in onnxruntime-node for ${process.platform}-${process.arch}; it knows ${backends.map(({ name }) => name).join(", ")}`,
    {
      hint: `give a \`device\` that this machine has in ${dtype}: ${available.join(", ")}${others.length === 0 ? "" : ` (${others.join(", ")} with libraries that onnxruntime-node does not bring)`}`,
    },
  );
}

/**
 * Multiply-adds a second in products of 256 rows, with a matrix of 2 M weights that is handed over each time. It takes some
 * hundredths of a second on a CPU.
 * @param threads of the CPU @default all cores
 */
export async function productSpeed({
  device,
  dtype,
  threads = availableParallelism(),
}: {
  readonly device: string;
  readonly dtype: ComputeDtype;
  readonly threads?: number;
}): Promise<number> {
  const [rows, width, columns] = [256, 1024, 2048];
  const session = await openProduct(device, dtype, threads);
  try {
    const feeds = { left: await ones(dtype, rows, width), right: await ones(dtype, width, columns) };
    await session.run(feeds);
    const started = performance.now();
    await session.run(feeds);
    return (rows * width * columns) / ((performance.now() - started) / 1000);
  } finally {
    await session.release();
  }
}

/** What a device that was tried gave: undefined, or why it cannot be used. A device does not change while a process runs. */
const TRIED = new Map<string, Promise<string | undefined>>();

function faultOf(device: string, dtype: ComputeDtype): Promise<string | undefined> {
  const key = `${device} ${dtype}`;
  const tried = TRIED.get(key) ?? tryProduct(device, dtype);
  TRIED.set(key, tried);
  return tried;
}

/** Run, not only opened: a GPU without f16 shows it when the program for it is compiled. */
async function tryProduct(device: string, dtype: ComputeDtype): Promise<string | undefined> {
  try {
    const session = await openProduct(device, dtype, 1);
    try {
      await session.run({ left: await ones(dtype, 1, 2), right: await ones(dtype, 2, 1) });
    } finally {
      await session.release();
    }
    return undefined;
  } catch (error) {
    return reasonOf((error as Error).message);
  }
}

/** One product on one device, which is refused where the runtime would leave it to the CPU. */
async function openProduct(device: string, dtype: ComputeDtype, threads: number): Promise<OnnxSession> {
  const type = ELEMENT_OF_COMPUTE[dtype];
  const graph = new GraphBuilder();
  const left = graph.input("left", type, ["m", "k"]);
  const right = graph.input("right", type, ["k", "n"]);
  graph.output("product", type, ["m", "n"], graph.add("Gemm", [left, right]));
  return createSession(graph, { directory: ".", threads, device, isTrial: true });
}

/** [rows × columns] */
async function ones(dtype: ComputeDtype, rows: number, columns: number): Promise<OnnxTensor> {
  const { Tensor } = await loadOnnxRuntime();
  const count = rows * columns;
  return dtype === "f32"
    ? new Tensor("float32", new Float32Array(count).fill(1), [rows, columns])
    : new Tensor("float16", new Uint16Array(count).fill(F16_ONE), [rows, columns]);
}

const F16_ONE = 0x3c00;
