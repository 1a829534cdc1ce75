import {
  type FallbackChain,
  type InitMethod,
  type MixtureMethod,
  RevocabError,
  type RowMethod,
} from "@revocab/core";

/**
 * Tries the methods in order: each fills the rows that those before it left empty. Chains within chains are flattened.
 *
 * Example: `withFallback(copyOverlap(), subtokenMean(), mean())`.
 * @throws RevocabError bad_options without any method
 */
export function withFallback(...methods: readonly InitMethod[]): FallbackChain {
  if (methods.length === 0) {
    throw new RevocabError("bad_options", "found no method to try, expected at least one");
  }
  return { kind: "chain", methods: methods.flatMap(methodsOf) };
}

/** The methods of a chain in the order in which they are tried, or the one method. */
export function methodsOf(method: InitMethod): readonly (MixtureMethod | RowMethod)[] {
  return method.kind === "chain" ? method.methods : [method];
}

/**
 * Closes what the methods hold open for further rows. They can still be used: they open it again.
 * @throws the first error of a method that cannot be closed, after the others are closed
 */
export async function closeMethod(method: InitMethod): Promise<void> {
  const closing = [...new Set(methodsOf(method))].map(async (one) => {
    if (one.kind === "rows") await one.close?.();
  });
  for (const closed of await Promise.allSettled(closing)) {
    if (closed.status === "rejected") throw closed.reason;
  }
}
