/**
 * The merges of a byte-level BPE that knows only the ranks of its tokens: every way to cut a token into two tokens, in
 * the order of the ranks of the whole, then of the parts.
 * @param ranks in an alphabet of one UTF-16 code unit a byte
 */
export function mergesByRank(ranks: ReadonlyMap<string, number>): [string, string][] {
  const byRank = [...ranks].sort(([, one], [, other]) => one - other);
  return byRank.flatMap(([token]) => {
    const cuts: { readonly pair: [string, string]; readonly left: number; readonly right: number }[] = [];
    for (let at = 1; at < token.length; at++) {
      const pair: [string, string] = [token.slice(0, at), token.slice(at)];
      const left = ranks.get(pair[0]);
      const right = ranks.get(pair[1]);
      if (left !== undefined && right !== undefined) cuts.push({ pair, left, right });
    }
    cuts.sort((one, other) => one.left - other.left || one.right - other.right);
    return cuts.map(({ pair }) => pair);
  });
}
