import type { Alignment, FallbackChain, TokenId, Vocabulary } from "@revocab/core";
import { specialsApart } from "@revocab/embedding-init";

/**
 * A chain in which no new special gets the row that another token has, too:
 * - one with a counterpart by role, such as a new end of texts, whose row another token keeps, gets that row and some noise;
 * - one that a stand-in such as the mean would fill gets the mean and some noise.
 *
 * Text without evidence still gets the mean, and specials that a method has rows for get these.
 */
export function keepSpecialsApart(
  { methods }: FallbackChain,
  {
    alignment: { sourceOf },
    target,
    ids,
  }: {
    readonly alignment: Alignment;
    readonly target: Vocabulary;
    /** What was added to a vocabulary, or renamed. */
    readonly ids: readonly TokenId[];
  },
): { readonly chain: FallbackChain; readonly note: string | undefined } {
  const specials = ids.filter((id) => target.kindOf(id) === "special");
  const users = new Map<TokenId, number>();
  for (const source of sourceOf) users.set(source, (users.get(source) ?? 0) + 1);
  const shared = specials.filter((id) => sourceOf[id]! >= 0 && users.get(sourceOf[id]!)! > 1);
  const place = methods.findIndex(({ isStandIn }) => isStandIn);
  const alone = place < 0 ? [] : specials.filter((id) => sourceOf[id]! < 0);
  const apart = (tokens: readonly TokenId[]) =>
    tokens.length === 0
      ? []
      : [specialsApart({ tokens: new Map(tokens.map((id) => [id, counterpartOf(sourceOf[id]!)])) })];
  const count = shared.length + alone.length;
  return {
    chain: {
      kind: "chain",
      methods: [
        ...apart(shared),
        ...(place < 0 ? methods : [...methods.slice(0, place), ...apart(alone), ...methods.slice(place)]),
      ],
    },
    note:
      count === 0
        ? undefined
        : `${count === 1 ? "1 new special has" : `${count} new specials have`} the row of a counterpart, or the mean, and noise of the covariance: equal rows could not be told apart`,
  };
}

function counterpartOf(source: number): TokenId | undefined {
  return source < 0 ? undefined : source;
}
