export type Merge = readonly [left: string, right: string];

/** What the order of ties depends on. */
export interface TieContext {
  /** The score of a piece that merges may make; `undefined` for anything else. */
  readonly scoreOf: ReadonlyMap<string, number>;
  /** A tied piece → where it stands within longer pieces. */
  readonly placesOf: ReadonlyMap<string, readonly Place[]>;
}

export interface Place {
  readonly whole: string;
  readonly at: number;
}

/**
 * Orders the merges of pieces of one score. SentencePiece joins the leftmost of them; the tokenizers library the first in
 * its list, wherever it stands. They come to the same if P precedes Q in the list wherever P, standing left of Q in a text,
 * would be hindered by Q or would go on merging into Q's place:
 *
 * 1. the right part of P is the left part of Q: they want the same symbol;
 * 2. what P makes stands in a piece of this score or a better one, and behind it there the left part of Q or what Q makes;
 * 3. what Q makes stands in a piece of a better score, which begins with the right part of P;
 * 4. P makes a part of a merge of which 1 to 3 hold.
 *
 * @param merges in the order that is kept where nothing is required
 * @returns the merges in an order that has all this, or, where it runs in circles ("ab", "bc" and "ca" of one score),
 *   as much of it as a search in depth finds
 */
export function orderTies(
  merges: readonly Merge[],
  { scoreOf, placesOf }: TieContext,
): { readonly merges: Merge[]; readonly isExact: boolean } {
  const graph = precedence();
  const made = new Set(merges.map(([left, right]) => left + right));
  const score = scoreOf.get(merges[0]![0] + merges[0]![1])!;
  const mergeNodes = merges.map(() => graph.newNode());

  for (const [index, [left, right]] of merges.entries()) {
    const whole = left + right;
    const merge = mergeNodes[index]!;
    /** Comes after this merge and those that make its parts, and before all that this must precede. */
    const done = graph.node("done", `${left} ${right}`);
    const parts = graph.node("parts", `${left} ${right}`);
    graph.require(merge, done);
    graph.require(parts, done);
    graph.require(merge, graph.node("makers", whole));
    graph.require(parts, graph.node("makers", whole));
    for (const part of [left, right]) if (made.has(part)) graph.require(graph.node("makers", part), parts);

    // 1. A merge of a symbol with itself stands between those that end and those that begin with it.
    if (left === right) graph.require(graph.node("ends", right), merge);
    else graph.require(graph.node("begins", left), merge);
    graph.require(done, graph.node(left === right ? "begins" : "ends", right));
    for (const part of [left, right]) graph.require(graph.node("ends", part), graph.node("begins", part));

    graph.require(graph.node("cuts", whole), merge);
    graph.require(done, graph.node("made", whole));
    graph.require(done, graph.node("before", right));
  }
  for (const whole of made) {
    for (const { whole: holder, at } of placesOf.get(whole) ?? []) {
      const holderScore = scoreOf.get(holder)!;
      const end = at + whole.length;
      // 2.
      for (let from = end; holderScore >= score && from < holder.length; from++) {
        const ends = graph.node("ends", holder.slice(from));
        graph.require(graph.node("made", whole), ends);
        graph.require(ends, graph.node("begins", holder.slice(from)));
        for (let to = from + 2; to <= holder.length; to++) {
          const inside = holder.slice(from, to);
          if (inside !== whole && made.has(inside)) {
            graph.require(graph.node("made", whole), graph.node("cuts", inside));
          }
        }
      }
      // 3.
      for (let to = 1; holderScore > score && to <= at; to++) {
        graph.require(graph.node("before", holder.slice(0, to)), graph.node("cuts", whole));
      }
    }
  }
  const { order, isExact } = graph.inOrder(mergeNodes);
  return { merges: order.map((node) => merges[node]!), isExact };
}

/** Numbered nodes, of which some must come before others. */
function precedence() {
  const before: number[][] = [];
  const named = new Map<string, number>();
  const newNode = (): number => before.push([]) - 1;
  return {
    newNode,
    node(kind: string, name: string): number {
      const key = `${kind} ${name}`;
      const known = named.get(key);
      if (known !== undefined) return known;
      named.set(key, before.length);
      return newNode();
    },
    require(first: number, second: number): void {
      before[second]!.push(first);
    },
    /** The nodes, each behind all that must come before it; one that must come before itself is not waited for. */
    inOrder(nodes: readonly number[]): { readonly order: number[]; readonly isExact: boolean } {
      const wanted = new Set(nodes);
      /** 1: its predecessors are being placed, 2: placed. */
      const state = new Uint8Array(before.length);
      const next = new Uint32Array(before.length);
      const order: number[] = [];
      let isExact = true;
      for (const start of nodes) {
        const stack = [start];
        while (stack.length > 0) {
          const node = stack.at(-1)!;
          if (state[node] === 2) {
            stack.pop();
            continue;
          }
          state[node] = 1;
          const earlier = before[node]![next[node]++];
          if (earlier === undefined) {
            state[node] = 2;
            if (wanted.has(node)) order.push(node);
            stack.pop();
          } else if (state[earlier] === 0) stack.push(earlier);
          else if (state[earlier] === 1) isExact = false;
        }
      }
      return { order, isExact };
    },
  };
}
