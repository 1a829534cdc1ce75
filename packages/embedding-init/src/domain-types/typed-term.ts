/** A term of a domain and what kinds of thing it is. */
export interface TypedTerm {
  readonly term: string;
  /** At least one, each once. */
  readonly types: readonly string[];
}
