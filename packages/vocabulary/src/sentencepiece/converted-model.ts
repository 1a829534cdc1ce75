/** The parts of a tokenizer.json that depend on the algorithm. */
export interface ConvertedModel {
  readonly model: object;
  readonly preTokenizer: object | null;
  readonly differences: readonly string[];
}
