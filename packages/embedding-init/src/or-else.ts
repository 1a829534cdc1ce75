import { type FallbackChain, type InitMethod, RevocabError } from "@revocab/core";

/**
 * Asks the methods in order: each fills the rows that those before it left empty. Chains within chains are laid flat.
 *
 * Example: `orElse(copyOverlap(), subtokenMean(), mean())`.
 * @throws RevocabError bad_options without any method
 */
export function orElse(...methods: readonly InitMethod[]): FallbackChain {
  const flat = methods.flatMap((method) => (method.kind === "chain" ? method.methods : [method]));
  if (flat.length === 0) throw new RevocabError("bad_options", "a chain of no methods was asked for");
  return { kind: "chain", methods: flat };
}
