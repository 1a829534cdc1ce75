/** How tokens are spelled in the ids of a hypernetwork's tokenizer: what it reads of them. */
export interface SurfaceForms {
  /** [n × L], padded to the right. */
  readonly ids: Int32Array;
  /** [n] ids of each form that are no padding; 0 for a token that has no form. */
  readonly lengths: Uint16Array;
  /** L */
  readonly formLength: number;
  readonly padId: number;
  /** Tokens (as places in the list they came from) whose spelling was longer than L: the rest of it was left out. */
  readonly truncated: readonly number[];
  /** Tokens whose bytes the tokenizer cannot spell. */
  readonly unspelled: readonly number[];
}
