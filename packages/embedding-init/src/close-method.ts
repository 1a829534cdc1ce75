import type { InitMethod } from "@revocab/core";

/** Closes what a method, or those of a chain, hold open for further rows. They may be asked again: they open it again. */
export async function closeMethod(method: InitMethod): Promise<void> {
  const methods = method.kind === "chain" ? method.methods : [method];
  for (const one of methods) if (one.kind === "rows") await one.close?.();
}
