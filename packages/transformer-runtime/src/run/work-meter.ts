import type { Job, ReadRequest } from "@revocab/core";
import type { Part } from "../graph/part.ts";
import type { FoundTensor } from "../weights.ts";

/** Reports how much of a request is done, as tokens of all sequences: a part counts by its multiply-adds. */
export interface WorkMeter {
  /** A batch went through part `index`. */
  ran(index: number, lengths: readonly number[]): void;
  /** The states of so many positions were used. */
  used(request: ReadRequest, positions: number): void;
}

export interface MeteredPart {
  readonly part: Pick<Part, "name" | "share">;
  readonly tensors: readonly FoundTensor[];
}

export function workMeter(
  batches: readonly { readonly request: ReadRequest; readonly lengths: readonly number[] }[],
  parts: readonly MeteredPart[],
  job: Job | undefined,
): WorkMeter {
  const tokens = batches.reduce((total, { lengths }) => total + sum(lengths), 0);
  const costs = parts.map(multiplyAdds);
  const requests = [...new Set(batches.map(({ request }) => request))];
  const ofStates = requests.reduce(
    (total, { queries, workPerPosition = 0 }) =>
      total + workPerPosition * sum(queries.map(({ positions }) => positions.length)),
    0,
  );
  const whole = tokens * sum(costs) + ofStates;
  let done = 0;
  let isOver = false;
  const report = (detail: string) => {
    if (isOver) return;
    // the sum of many shares is not quite the whole
    isOver = done >= whole * (1 - 1e-9);
    const share = isOver ? 1 : done / whole;
    job?.onProgress?.({
      type: "progress",
      step: "run the model",
      done: isOver ? tokens : Math.min(tokens - 1, Math.floor(share * tokens)),
      total: tokens,
      unit: "tokens",
      detail,
    });
  };
  return {
    ran(index, lengths) {
      done += sum(lengths) * (costs[index] as number);
      report((parts[index] as MeteredPart).part.name);
    },
    used({ workPerPosition = 0 }, positions) {
      done += positions * workPerPosition;
      report("head");
    },
  };
}

/** Per position: one for each weight of a matrix that it passes through. */
export function multiplyAdds({ part: { share = 1 }, tensors }: MeteredPart): number {
  const values = sum(
    tensors.map(({ shape }) => (shape.length < 2 ? 0 : shape.reduce((product, size) => product * size, 1))),
  );
  return share * values;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
