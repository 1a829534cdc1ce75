/** Calls that are under way at once: enough to fill some batches, few enough to hold. */
const AHEAD = 512;

/**
 * Each item with what `work` makes of it, in the order of the items, while the work on those behind it is under way. For work
 * that is fastest in batches, such as encoding texts.
 * @throws what `work` throws, at its item
 */
export async function* mapAhead<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<readonly [Item, Result]> {
  const ahead: { readonly item: Item; readonly result: Promise<Result> }[] = [];
  for await (const item of items) {
    const result = work(item);
    result.catch(() => {}); // whoever reaches this item sees it
    ahead.push({ item, result });
    if (ahead.length < AHEAD) continue;
    const first = ahead.shift()!;
    yield [first.item, await first.result];
  }
  for (const { item, result } of ahead) yield [item, await result];
}
