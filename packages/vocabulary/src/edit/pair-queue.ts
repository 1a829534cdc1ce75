/** Pairs by how often they are: the most frequent first, of equals the lowest key. */
export interface PairQueue {
  push(count: number, key: number): void;
  pop(): { readonly count: number; readonly key: number } | undefined;
}

/** A binary heap; a pair whose count changed is pushed again, and who pops it tells the stale one by its count. */
export function pairQueue(): PairQueue {
  const counts: number[] = [];
  const keys: number[] = [];
  const isBefore = (a: number, b: number) =>
    counts[a] > counts[b] || (counts[a] === counts[b] && keys[a] < keys[b]);
  const swap = (a: number, b: number): void => {
    [counts[a], counts[b]] = [counts[b], counts[a]];
    [keys[a], keys[b]] = [keys[b], keys[a]];
  };
  return {
    push(count, key) {
      let child = counts.push(count) - 1;
      keys.push(key);
      for (let parent = (child - 1) >> 1; child > 0 && isBefore(child, parent); parent = (child - 1) >> 1) {
        swap(child, parent);
        child = parent;
      }
    },
    pop() {
      if (counts.length === 0) return undefined;
      swap(0, counts.length - 1);
      const top = { count: counts.pop()!, key: keys.pop()! };
      for (let parent = 0; ; ) {
        const [left, right] = [parent * 2 + 1, parent * 2 + 2];
        if (left >= counts.length) return top;
        const child = right < counts.length && isBefore(right, left) ? right : left;
        if (!isBefore(child, parent)) return top;
        swap(child, parent);
        parent = child;
      }
    },
  };
}
