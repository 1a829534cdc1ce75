/**
 * How to join neighbours, two at a time, until one is left, so that the sum of what each joined string costs is least; of
 * equal ways the one that adds parts from the left: `a b c d` → `a+b`, `ab+c`, `abc+d`. The joins come in an order in
 * which each finds its parts made.
 * @param costOf infinite for a string that must not be made
 * @returns undefined where every way makes such a string
 */
export function cheapestJoins(
  parts: readonly string[],
  costOf: (joined: string) => number,
): readonly (readonly [left: string, right: string])[] | undefined {
  const count = parts.length;
  const stringOf = (start: number, end: number) => parts.slice(start, end).join("");
  const costs = new Float64Array(count * (count + 1));
  const splits = new Uint32Array(count * (count + 1));
  const at = (start: number, end: number) => start * (count + 1) + end;
  for (let length = 2; length <= count; length++) {
    for (let start = 0; start + length <= count; start++) {
      const end = start + length;
      let least = Number.POSITIVE_INFINITY;
      for (let split = end - 1; split > start; split--) {
        const cost = costs[at(start, split)] + costs[at(split, end)];
        if (cost >= least) continue;
        least = cost;
        splits[at(start, end)] = split;
      }
      costs[at(start, end)] = least + costOf(stringOf(start, end));
    }
  }
  if (costs[at(0, count)] === Number.POSITIVE_INFINITY) return undefined;
  const joins: (readonly [string, string])[] = [];
  const collect = (start: number, end: number): void => {
    if (end - start < 2) return;
    const split = splits[at(start, end)];
    collect(start, split);
    collect(split, end);
    joins.push([stringOf(start, split), stringOf(split, end)]);
  };
  collect(0, count);
  return joins;
}
