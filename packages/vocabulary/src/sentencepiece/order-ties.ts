export type Merge = readonly [left: string, right: string];

/** The vocabulary as far as the order of ties depends on it. */
export interface TieContext {
  /** The score of a piece that a merge may give; `undefined` for anything else. */
  readonly scoreOf: ReadonlyMap<string, number>;
  /** A tied piece → its occurrences within longer pieces. */
  readonly placesOf: ReadonlyMap<string, readonly Place[]>;
}

export interface Place {
  readonly whole: string;
  readonly at: number;
}

/**
 * Orders the merges of pieces with equal scores. SentencePiece joins the leftmost of them in a text; the tokenizers library
 * joins the first in its list, wherever it is in the text. Both give the same result if the list has P before Q in each of
 * these cases, in which P, left of Q in a text, would be prevented by Q or would merge further into the place of Q:
 *
 * 1. the right part of P is the left part of Q: both need the same symbol;
 * 2. the result of P is in a piece of this score or a better one, followed there by the left part or the result of Q;
 * 3. the result of Q is in a piece of a better score, which begins with the right part of P;
 * 4. the result of P is a part of a merge for which 1, 2 or 3 holds.
 *
 * @param merges in the order that is kept where nothing is required
 * @returns the merges in an order that satisfies all of this. If the constraints are cyclic ("ab", "bc" and "ca" with equal
 *   scores), as many of them as a depth-first search satisfies
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
    /** After this merge and those of its parts, and before everything that this merge must precede. */
    const done = graph.node("done", `${left} ${right}`);
    const parts = graph.node("parts", `${left} ${right}`);
    graph.require(merge, done);
    graph.require(parts, done);
    graph.require(merge, graph.node("makers", whole));
    graph.require(parts, graph.node("makers", whole));
    for (const part of [left, right]) if (made.has(part)) graph.require(graph.node("makers", part), parts);

    // 1. A merge of a symbol with itself comes between those that end and those that begin with it.
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

/** A graph of numbered nodes, some of which must come before others. */
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
    /** The nodes in topological order; in a cycle, a node does not wait for itself. */
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
