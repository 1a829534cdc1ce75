import type { Job, ReadCosts, ReadRequest } from "@revocab/core";
import { productSpeed } from "@revocab/onnx/internal";
import type { Computation } from "../computation.ts";
import type { RunnablePart } from "./layer-runner.ts";
import { sizeOf } from "./part-weights.ts";
import type { Schedule } from "./schedule.ts";
import { multiplyAdds } from "./work-meter.ts";

/** What a read costs: its products, and the weights, which a disk gives and one core converts. */
export async function readCosts(
  parts: readonly RunnablePart[],
  computation: Computation,
): Promise<ReadCosts & { readonly perMultiplyAdd: number }> {
  const stored = parts.reduce((sum, { tensors }) => sum + sizeOf(tensors).stored, 0);
  const perMultiplyAdd = 1 / (await productSpeed(computation));
  return {
    weights: stored / BYTES_PER_SECOND,
    perToken: multiplyAddsOf(parts) * perMultiplyAdd * BESIDE_PRODUCTS,
    perMultiplyAdd,
  };
}

const BYTES_PER_SECOND = 0.5e9;
/** Attention, norms and what else is not a product with weights. */
const BESIDE_PRODUCTS = 1.15;

/** Says how a model will be run, about how long that takes, and why. */
export async function timeNote(
  parts: readonly RunnablePart[],
  { kind, reason }: Schedule,
  requests: readonly ReadRequest[],
  computation: Computation,
  job: Job | undefined,
): Promise<void> {
  if (job?.onProgress === undefined) return;
  const count = (of: "tokens" | "positions", { queries }: ReadRequest) =>
    queries.reduce((total, query) => total + query[of].length, 0);
  const tokens = requests.reduce((sum, request) => sum + count("tokens", request), 0);
  const besides = requests.reduce(
    (sum, request) => sum + count("positions", request) * (request.workPerPosition ?? 0),
    0,
  );
  const isSmall = tokens * multiplyAddsOf(parts) + besides < SMALL;
  const { weights, perToken, perMultiplyAdd } = isSmall ? NOTHING : await readCosts(parts, computation);
  const seconds = weights + tokens * perToken + besides * perMultiplyAdd;
  const message = `${kind}: ${reason}; ${spoken(seconds)}`;
  job.onProgress({ type: "note", step: "run the model", message, isDetail: true });
}

/** Multiply-adds that no machine needs a second for. */
const SMALL = 5e9;
const NOTHING = { weights: 0, perToken: 0, perMultiplyAdd: 0 };

function multiplyAddsOf(parts: readonly RunnablePart[]): number {
  return parts.reduce((sum, part) => sum + multiplyAdds(part), 0);
}

/** Rounded so that it is as exact as it can be. */
function spoken(seconds: number): string {
  if (seconds < 10) return "a few seconds";
  if (seconds < 90) return `about ${Math.ceil(seconds / 10) * 10} seconds`;
  return `about ${Math.ceil(seconds / 60)} minutes`;
}
