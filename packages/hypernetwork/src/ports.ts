/** The names of the graph's inputs and outputs. B surface forms of T ids each; S positions, one more with a language. */
export const PORTS = {
  /** [M × n_in] rows of the source model */
  sources: "sources",
  /** [F] rows of the network's own table, which stand after the M source rows */
  extras: "extras",
  /** [B · T] which of the M + F rows an id is */
  ids: "ids",
  /** [3] B, T, −1 */
  forms: "forms",
  /** [3] B, S, −1 */
  grid: "grid",
  /** [3] B, 1, H */
  one: "one",
  /** [T] 0, 1, … */
  positions: "positions",
  /** [1] */
  language: "language",
  /** [B × 1 × S × S] bool, true where a position may look */
  mask: "mask",
  /** [B × d] */
  input: "input",
  /** [B × d] */
  output: "output",
  /** [B × 1] */
  bias: "bias",
} as const;
