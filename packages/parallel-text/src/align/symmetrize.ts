/** How the links of both directions become one alignment. */
export const SYMMETRIZATIONS = ["grow-diag-final-and", "intersect", "union"] as const;
export type Symmetrization = (typeof SYMMETRIZATIONS)[number];

/**
 * The links of one line of n source and m target words from those of both directions, as pairs of a source and a target
 * word.
 *
 * - `intersect`: links of both directions; `union`: of either.
 * - `grow-diag-final-and`: the intersection; then, round by round, links of the union next to one that is there (diagonally
 *   too) that reach a word without links; last, links of the union between two words without links.
 *
 * Departure: among the links that a round could add, those nearest the diagonal come first (the published program goes by
 * row and column), so that exchanging the languages gives the same links the other way round.
 *
 * @param forward [m] the source word that explains each target word, or −1
 * @param reverse [n] the target word that explains each source word, or −1
 * @see https://aclanthology.org/N03-1017, §4.5 of https://aclanthology.org/P07-2045
 */
export function symmetrize(
  forward: Int32Array,
  reverse: Int32Array,
  method: Symmetrization,
): [source: number, target: number][] {
  const union = unionOf(forward, reverse);
  const isBoth = ([i, j]: Link) => forward[j] === i && reverse[i] === j;
  if (method === "union") return union;
  if (method === "intersect") return union.filter(isBoth);
  return growDiagFinalAnd(union, isBoth, reverse.length, forward.length);
}

type Link = [source: number, target: number];

/** Nearest the diagonal first; of two equally near ones, which share no word, the one nearer the start. */
function unionOf(forward: Int32Array, reverse: Int32Array): Link[] {
  const [n, m] = [reverse.length, forward.length];
  const links: Link[] = [];
  for (let j = 0; j < m; j++) if (forward[j] >= 0) links.push([forward[j], j]);
  for (let i = 0; i < n; i++) if (reverse[i] >= 0 && forward[reverse[i]] !== i) links.push([i, reverse[i]]);
  const distance = ([i, j]: Link) => Math.abs((2 * i + 1) * m - (2 * j + 1) * n);
  return links.sort((a, b) => distance(a) - distance(b) || a[0] + a[1] - b[0] - b[1]);
}

function growDiagFinalAnd(union: Link[], isBoth: (link: Link) => boolean, n: number, m: number): Link[] {
  const added: Link[] = [];
  const isThere = new Set<number>();
  const hasLink = { source: new Uint8Array(n), target: new Uint8Array(m) };
  const add = (link: Link) => {
    added.push(link);
    isThere.add(link[0] * m + link[1]);
    hasLink.source[link[0]] = 1;
    hasLink.target[link[1]] = 1;
  };
  const reaches = ([i, j]: Link) => hasLink.source[i] + hasLink.target[j];
  const hasNeighbor = ([i, j]: Link) =>
    NEIGHBORS.some(([down, right]) => {
      const column = j + right;
      return column >= 0 && column < m && isThere.has((i + down) * m + column);
    });

  let rest: Link[] = [];
  for (const link of union) {
    if (isBoth(link)) add(link);
    else rest.push(link);
  }
  for (let before = -1; before !== added.length; ) {
    before = added.length;
    // what is next to what is decided at the start of the round, so that the order within it matters only for shared words
    const near = rest.filter(hasNeighbor);
    for (const link of near) if (reaches(link) < 2) add(link);
    rest = rest.filter(([i, j]) => !isThere.has(i * m + j));
  }
  for (const link of rest) if (reaches(link) === 0) add(link);
  return added;
}

const NEIGHBORS = [-1, 0, 1].flatMap((down) => [-1, 0, 1].map((right) => [down, right] as const));
