import type { Job } from "@revocab/core";
import { languageModel, type OpenTransformer } from "@revocab/transformer-runtime";
import type { WeighQuery } from "./add-gradients.ts";
import { nextTokens } from "./next-tokens.ts";
import type { TaughtQuery, Teacher } from "./teacher.ts";

/**
 * Approximate likelihood matching (ALM): the probability that the model gives to a piece of text is drawn to that which the teacher
 * gives to the same bytes in its own tokens. Likelihoods of text need no common vocabulary, and no common layers.
 *
 * Of the paper's losses this is the binary cross-entropy of every piece. A piece ends where both tokenizers begin a token; that the
 * teacher might have gone on in the middle of a word is not corrected.
 * @see https://arxiv.org/abs/2503.20083
 */
export interface LikelihoodMatching {
  /**
   * What the losses of these queries count: 1 for the loss of the next token, and the slope of the matching loss times its temperature.
   * The slope of a piece is at most 1 then, and 0 where both models agree, so that neither loss outweighs the other.
   */
  weigherOf(queries: readonly TaughtQuery[], job: Job | undefined): Promise<WeighQuery>;
  close(): Promise<void>;
}

/** The teacher reads each query once: what it says of a chunk is kept, one number. */
export function openLikelihoodMatching(
  trained: OpenTransformer,
  { transformer = trained, tables }: Teacher,
): LikelihoodMatching {
  const model = languageModel(transformer, tables);
  /** For each chunk of a query. */
  const known = new Map<TaughtQuery, readonly TaughtChunk[]>();

  async function ask(queries: readonly TaughtQuery[], job: Job | undefined): Promise<void> {
    const asked = queries.filter((query) => !known.has(query) && query.shared.length > 1);
    if (asked.length === 0) return;
    const texts = asked.map(({ teacher }) => nextTokens(teacher));
    const logarithms = await model.score(texts, job);
    for (const [i, query] of asked.entries()) {
      const chunks = chunksOf(query).map(({ student, teacher }) => ({
        student,
        taught: sum(logarithms[i], teacher),
      }));
      known.set(query, chunks);
    }
  }

  return {
    async weigherOf(queries, job) {
      await ask(queries, job);
      return (query, losses) => {
        const weights = new Float32Array(losses.length).fill(1);
        for (const { student, taught } of known.get(queries[query]) ?? []) {
          const { slope } = matchingLoss(-sum(losses, student), taught);
          const [from, to] = student;
          for (let position = from; position < to; position++) weights[position] -= TEMPERATURE * slope;
        }
        return weights;
      };
    },
    close: () => model.close(),
  };
}

interface TaughtChunk {
  readonly student: Positions;
  /** ln p of the teacher */
  readonly taught: number;
}

/** From the first up to the last, which is not one of them. */
export type Positions = readonly [from: number, to: number];

/** Tokens of both tokenizers that cover the same bytes, by the positions that predict them. */
export interface Chunk {
  readonly student: Positions;
  readonly teacher: Positions;
}

/** What lies between two neighbouring starts; what follows the last one is left out, for both readings may be cut there. */
export function chunksOf({ shared }: Pick<TaughtQuery, "shared">): readonly Chunk[] {
  const chunks: Chunk[] = [];
  let [start] = shared;
  for (const end of shared) {
    // a space that one tokenizer puts before a text is a token of one alone
    if (end.targetPosition <= start.targetPosition || end.sourcePosition <= start.sourcePosition) continue;
    chunks.push({
      student: [start.targetPosition, end.targetPosition],
      teacher: [start.sourcePosition, end.sourcePosition],
    });
    start = end;
  }
  return chunks;
}

/**
 * −a ln b − (1 − a) ln(1 − b) with a = p^(1/τ) of the teacher and b that of the student, and its slope by the student's ln p.
 * @param student ln p of a chunk
 * @param teacher ln p of the same bytes
 * @param temperature τ
 */
export function matchingLoss(
  student: number,
  teacher: number,
  temperature = TEMPERATURE,
): { readonly loss: number; readonly slope: number } {
  const logarithm = Math.min(student, LARGEST) / temperature;
  const own = -Math.expm1(logarithm);
  const taught = -Math.expm1(teacher / temperature);
  return {
    loss: -(1 - taught) * logarithm - taught * Math.log(own),
    slope: (taught / own - 1) / temperature,
  };
}

const TEMPERATURE = 100;

/** ln p of a chunk that is all but certain; what is beyond it is noise of f32, and the slope has a pole at 0. */
const LARGEST = -1e-4;

function sum(values: Float32Array, [from, to]: Positions): number {
  let total = 0;
  for (let i = from; i < to; i++) total += values[i];
  return total;
}
