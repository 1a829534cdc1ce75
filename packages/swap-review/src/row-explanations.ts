import type { Alignment, TablePlan, TokenId, Vocabulary } from "@revocab/core";
import { mixtureRow } from "@revocab/matrix";
import { labelOfRow, type SwapPlan } from "@revocab/plan";
import { displayToken } from "@revocab/vocabulary";

/**
 * What the rows of a table are made of, for all tokens at once: row i of the terms `sources[offsets[i] … offsets[i + 1])`. Each
 * term is the index of a token in `sourceTokens`. Plain lists, for a page that explains any token.
 */
export interface RowExplanations {
  readonly slot: string;
  /**
   * - `weights`: a row is the weighted sum of these rows, as the plan has it;
   * - `spelling`: the source writes the token in these tokens. Without a plan it is not known which weights their rows had.
   */
  readonly kind: "weights" | "spelling";
  /** Names of what initialized a row; of a spelling what the token is in the source's vocabulary. */
  readonly origins: readonly string[];
  /** [rows] indices into `origins`. */
  readonly origin: readonly number[];
  /** [rows + 1] */
  readonly offsets: readonly number[];
  readonly sources: readonly number[];
  /** [sources] with three digits after the point; null for a spelling. */
  readonly weights: readonly number[] | null;
  /** Terms that were left out, by row: a sum keeps its 8 heaviest. */
  readonly leftOut: Readonly<Record<number, number>>;
  /** Only tokens that are in a sum. */
  readonly sourceTokens: readonly string[];
}

const MOST_TERMS = 8;

/** The sums of a plan. */
export function explainByWeights(
  plan: SwapPlan,
  { slot, mixture, origin, origins }: TablePlan,
): RowExplanations {
  const terms = new TermList((id) => labelOfRow(plan.source, id));
  for (let row = 0; row < plan.target.rows; row++) {
    const { sources, weights } = mixtureRow(mixture, row);
    const order = [...sources.keys()].sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a]) || a - b);
    terms.add(
      order.map((i) => sources[i]),
      order.map((i) => weights[i]),
    );
  }
  return { slot, kind: "weights", origins, origin: [...origin], ...terms.build(), weights: terms.weights };
}

/** Where there is no plan: how the source writes each token. */
export function explainBySpelling(
  slot: string,
  { sourceOf, pieceOffsets, pieces }: Alignment,
  source: Vocabulary,
  nameOf: (row: TokenId) => string,
): RowExplanations {
  const terms = new TermList((id) => displayToken(source, id));
  const origins: string[] = [];
  const origin: number[] = [];
  for (let row = 0; row < sourceOf.length; row++) {
    const spelling = pieces.subarray(pieceOffsets[row], pieceOffsets[row + 1]);
    terms.add(sourceOf[row] >= 0 ? [sourceOf[row]] : [...spelling], []);
    const name = nameOf(row);
    if (!origins.includes(name)) origins.push(name);
    origin.push(origins.indexOf(name));
  }
  return { slot, kind: "spelling", origins, origin, ...terms.build(), weights: null };
}

/** Numbers the source tokens that are used. A class because its lists grow together. */
class TermList {
  readonly weights: number[] = [];
  readonly #labelOf: (id: TokenId) => string;
  readonly #offsets = [0];
  readonly #sources: number[] = [];
  readonly #leftOut: Record<number, number> = {};
  readonly #places = new Map<TokenId, number>();

  constructor(labelOf: (id: TokenId) => string) {
    this.#labelOf = labelOf;
  }

  add(sources: readonly number[], weights: readonly number[]): void {
    for (const id of sources.slice(0, MOST_TERMS)) {
      const place = this.#places.get(id) ?? this.#places.size;
      this.#places.set(id, place);
      this.#sources.push(place);
    }
    for (const weight of weights.slice(0, MOST_TERMS)) this.weights.push(Number(weight.toFixed(3)));
    if (sources.length > MOST_TERMS) this.#leftOut[this.#offsets.length - 1] = sources.length - MOST_TERMS;
    this.#offsets.push(this.#sources.length);
  }

  build() {
    return {
      offsets: this.#offsets,
      sources: this.#sources,
      leftOut: this.#leftOut,
      sourceTokens: [...this.#places.keys()].map(this.#labelOf),
    };
  }
}
