import type { InitMethod } from "@revocab/core";
import { closeMethod } from "@revocab/embedding-init";

/** Does the work, and then closes what the methods that it used hold open. */
export async function closingMethods<Result>(
  methods: readonly InitMethod[],
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } finally {
    for (const method of methods) await closeMethod(method);
  }
}
