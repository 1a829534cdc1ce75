import type { Alignment, FallbackChain, RowMethod, TokenId, Vocabulary } from "@revocab/core";
import { multivariateNormal } from "@revocab/embedding-init";

/**
 * A chain in which new specials that the bare mean would fill get the mean plus noise of the covariance: two specials with
 * one row could not be told apart, neither by the head nor by what the model reads. The noise has 1e-5 of the covariance, as
 * in Hewitt's note: of 1e-9 nothing is left in bfloat16.
 *
 * Specials with a counterpart by role or by string have its row; text that has no evidence still gets the mean.
 * @see https://nlp.stanford.edu/~johnhew/vocab-expansion.html
 */
export function withSpecialsApart(
  { methods }: FallbackChain,
  {
    alignment,
    target,
    ids,
  }: {
    readonly alignment: Alignment;
    readonly target: Vocabulary;
    /** What was added to a vocabulary, or renamed. */
    readonly ids: readonly TokenId[];
  },
): { readonly chain: FallbackChain; readonly note: string | undefined } {
  const place = methods.findIndex(({ name }) => name === "mean");
  const specials = ids.filter(
    (id) => target.kindOf(id) === "special" && (alignment.sourceOf[id] as number) < 0,
  );
  if (place < 0 || specials.length === 0) return { chain: { kind: "chain", methods }, note: undefined };
  return {
    chain: {
      kind: "chain",
      methods: [...methods.slice(0, place), forSpecials(specials), ...methods.slice(place)],
    },
    note: `${specials.length === 1 ? "1 new special" : `${specials.length} new specials`} without a counterpart would have the mean row; noise of the covariance is added, so that no two rows are equal`,
  };
}

/** Whether a method of a recipe was put there by {@link withSpecialsApart}, not asked for. */
export function isForSpecials({ options }: { readonly options: Readonly<Record<string, unknown>> }): boolean {
  return options.only === "specials";
}

function forSpecials(specials: readonly TokenId[]): RowMethod {
  const normal = multivariateNormal({ epsilon: 1e-5 });
  const isMeant = new Set(specials);
  return {
    ...normal,
    options: { ...normal.options, only: "specials" },
    async prepare(context) {
      return { ...(await normal.prepare(context)), covers: (token) => isMeant.has(token) };
    },
  };
}
