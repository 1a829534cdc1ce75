import type { Job, ReadRequest } from "@revocab/core";
import { productSpeed } from "@revocab/onnx/internal";
import type { Computation } from "../computation.ts";
import type { RunnablePart } from "./layer-runner.ts";
import { sizeOf } from "./part-weights.ts";
import type { Schedule } from "./schedule.ts";
import { multiplyAdds } from "./work-meter.ts";

/** Says how a model will be run, about how long that takes, and why. */
export async function timeNote(
  parts: readonly RunnablePart[],
  { kind, reason }: Schedule,
  requests: readonly ReadRequest[],
  computation: Computation,
  job: Job | undefined,
): Promise<void> {
  if (job?.onProgress === undefined) return;
  const perToken = parts.reduce((sum, part) => sum + multiplyAdds(part), 0);
  const work = requests.reduce((sum, { queries, workPerPosition = 0 }) => {
    const tokens = queries.reduce((total, query) => total + query.tokens.length, 0);
    const positions = queries.reduce((total, query) => total + query.positions.length, 0);
    return sum + tokens * perToken + positions * workPerPosition;
  }, 0);
  const stored = parts.reduce((sum, { tensors }) => sum + sizeOf(tensors).stored, 0);
  // a disk that reads a gigabyte a second, and what is read is converted on one core
  const seconds = (work < SMALL ? 0 : work / (await productSpeed(computation))) + stored / 0.5e9;
  const message = `${kind}: ${reason}; ${spoken(seconds)}`;
  job.onProgress({ type: "note", step: "run the model", message, isDetail: true });
}

/** Multiply-adds that no machine needs a second for. */
const SMALL = 5e9;

/** Rounded so that it is as exact as it can be. */
function spoken(seconds: number): string {
  if (seconds < 10) return "a few seconds";
  if (seconds < 90) return `about ${Math.ceil(seconds / 10) * 10} seconds`;
  return `about ${Math.ceil(seconds / 60)} minutes`;
}
