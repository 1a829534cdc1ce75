import {
  type InitContext,
  type Matrix,
  type MixtureMethod,
  quiet,
  RevocabError,
  type TokenId,
  type Vocabulary,
} from "@revocab/core";
import { multiplyTransposed, selectRows, storedView } from "@revocab/matrix";
import type { WordVectors } from "@revocab/word-vectors";
import { z } from "zod";
import { auxiliaryVectors } from "./auxiliary-vectors.ts";
import { evidenceName, noteEvidence } from "./context.ts";
import { checkOption, filePath, type MethodEntry, methodEntry, numberOption } from "./method-entry.ts";
import { mixtureOfTokens, type TokenWeights } from "./similarity-mixtures.ts";
import { subwordVectors, tokenRows, tokensWithVector } from "./token-vectors.ts";

export interface FocusOptions {
  /** A UTF-8 file of target text: auxiliary vectors of the target's tokens are trained on it. */
  readonly text?: string;
  /** Trained auxiliary vectors, or a file of them; instead of `text`. */
  readonly auxiliary?: WordVectors | string;
  /** Whether the words of `auxiliary` are the target's tokens, as its tokenizer file writes them, or words. @default "token" */
  readonly level?: "token" | "word";
  /** Of the vectors that are trained on `text`. @default 100 */
  readonly dimension?: number;
  /** @default 3 */
  readonly epochs?: number;
  /** Tokens that occur less often have a vector of their n-grams alone. @default 10 */
  readonly minCount?: number;
}

/**
 * Each new token becomes a sum of the tokens that both vocabularies have, weighed by sparsemax over its cosines to all of
 * them in static vectors of the target's tokens.
 *
 * Departures: a token too rare in the text has the mean of the n-grams it shares with frequent ones, and one without any
 * has no evidence (the reference draws both); a lone byte has a vector of its own (in the reference all share one row).
 * @see https://arxiv.org/abs/2305.14481
 * @throws RevocabError bad_options; when it prepares, what reading or training vectors throws
 */
export function focus({
  text,
  auxiliary,
  level = "token",
  dimension = 100,
  epochs = 3,
  minCount = 10,
}: FocusOptions): MixtureMethod {
  if ((text === undefined) === (auxiliary === undefined)) {
    throw new RevocabError(
      "bad_options",
      `focus was given ${text === undefined ? "neither text nor auxiliary" : "both text and auxiliary"}; one of them was expected`,
      {
        hint: "text=FILE of the target's language trains vectors; auxiliary=FILE reads vectors trained before",
      },
    );
  }
  checkOption("dimension", dimension, Number.isInteger(dimension) && dimension >= 1, "a whole number from 1");
  checkOption("epochs", epochs, Number.isInteger(epochs) && epochs >= 1, "a whole number from 1");
  checkOption("minCount", minCount, Number.isInteger(minCount) && minCount >= 1, "a whole number from 1");
  const vectorsOf = onceFor((context) =>
    text === undefined
      ? readAuxiliary(context, auxiliary as WordVectors | string, level)
      : auxiliaryVectors(context, { text, dimension, epochs, minCount }),
  );
  return {
    kind: "mixture",
    name: "focus",
    paper: "https://arxiv.org/abs/2305.14481",
    weights: "convex",
    differsByRole: false,
    needs: text === undefined && level === "token" ? [] : ["encode"],
    options:
      text === undefined
        ? { auxiliary: evidenceName(auxiliary), level }
        : { text: evidenceName(text), dimension, epochs, minCount },
    async prepare(context) {
      const { alignment, target } = context;
      const vectors = await vectorsOf(context);
      await noteEvidence(context, "focus", { text, auxiliary });
      const known = tokensWithVector(vectors);
      const isAnchor = (id: number) =>
        alignment.sourceOf[id] >= 0 && target.vocabulary.kindOf(id) !== "special";
      const anchors = known.filter(isAnchor);
      const rows = await anchorWeights(
        context,
        vectors,
        known.filter((id) => !isAnchor(id)),
        anchors,
      );
      const copies = anchors.map((id) => [id, { sources: [alignment.sourceOf[id]], weights: [1] }] as const);
      const all = new Map([...rows, ...copies]);
      return { mixture: (tokens) => mixtureOfTokens(tokens, all) };
    },
  };
}

async function readAuxiliary(
  { target, job }: InitContext,
  auxiliary: WordVectors | string,
  level: "token" | "word",
): Promise<Matrix> {
  const read = async (path: string) => {
    const { readWordVectors } = await import("@revocab/word-vectors");
    return readWordVectors(path, { job, onlyLearnedNgrams: true });
  };
  const vectors = typeof auxiliary === "string" ? await read(auxiliary) : auxiliary;
  if (level === "token") return tokenRows(target.vocabulary, vectors);
  return subwordVectors({ vocabulary: target.vocabulary, encode: target.encode, vectors, job });
}

/** The vectors depend on the target and the seed alone: a comparison, whose leave-out tests change the source, trains them once. */
function onceFor(make: (context: InitContext) => Promise<Matrix>): (context: InitContext) => Promise<Matrix> {
  const known = new WeakMap<Vocabulary, Map<number, Promise<Matrix>>>();
  return (context) => {
    const bySeed = known.get(context.target.vocabulary) ?? new Map<number, Promise<Matrix>>();
    known.set(context.target.vocabulary, bySeed);
    const vectors = bySeed.get(context.seed) ?? make(context);
    bySeed.set(context.seed, vectors);
    vectors.catch(() => bySeed.delete(context.seed));
    return vectors;
  };
}

export const focusEntry: MethodEntry = methodEntry("focus", {
  summary:
    "Each new token becomes a sum of the shared tokens, by sparsemax of its cosines to them in static vectors of the target's tokens.",
  paper: "https://arxiv.org/abs/2305.14481",
  evidence: "target text, or vectors trained on it",
  options: z.object({
    text: filePath.optional().describe("target text (UTF-8): vectors are trained on it"),
    auxiliary: filePath.optional().describe("vectors that are trained already (.bin, .vec), instead of text"),
    level: z
      .enum(["token", "word"])
      .default("token")
      .describe("whether the words of auxiliary are the target's tokens, or words"),
    dimension: numberOption(z.number()).default(100).describe("of vectors trained on text"),
    epochs: numberOption(z.number()).default(3).describe("of training on text"),
    minCount: numberOption(z.number())
      .default(10)
      .describe("tokens that occur less often have a vector of their n-grams alone"),
  }),
  create: ({ text, auxiliary, ...rest }) => focus({ ...rest, text, auxiliary }),
});

/** Target tokens compared at a time: with 20,000 anchors a block of their cosines takes 40 MB. */
const BLOCK = 512;

/**
 * For each of `tokens`: weights sparsemax(cosines to all anchors), over the anchors' source ids.
 *
 * @param vectors [V_t × p] auxiliary vectors of the target's tokens
 * @param anchors target ids that the source has too
 */
export async function anchorWeights(
  { alignment: { sourceOf }, job }: InitContext,
  vectors: Matrix,
  tokens: readonly TokenId[],
  anchors: readonly TokenId[],
): Promise<TokenWeights> {
  const rows = new Map<TokenId, { sources: number[]; weights: number[] }>();
  if (anchors.length === 0) return rows;
  const right = storedView(selectRows(vectors, anchors));
  for (let start = 0; start < tokens.length; start += BLOCK) {
    const block = tokens.slice(start, start + BLOCK);
    const cosines = new Float32Array(block.length * anchors.length);
    await multiplyTransposed({
      left: selectRows(vectors, block),
      right,
      normalize: true,
      job: quiet(job),
      onBlock: (from, product) => {
        for (let i = 0; i < product.rows; i++) {
          const values = product.data.subarray(i * product.columns, (i + 1) * product.columns);
          cosines.set(values, i * anchors.length + from);
        }
      },
    });
    block.forEach((token, i) => {
      const weights = sparsemax(cosines.subarray(i * anchors.length, (i + 1) * anchors.length));
      const kept = Array.from(weights.keys()).filter((anchor) => weights[anchor] > 0);
      rows.set(token, {
        sources: kept.map((anchor) => sourceOf[anchors[anchor]]),
        weights: kept.map((anchor) => weights[anchor]),
      });
    });
    job?.onProgress?.({
      type: "progress",
      step: "compare with shared tokens",
      done: Math.min(start + BLOCK, tokens.length),
      total: tokens.length,
      unit: "rows",
    });
  }
  return rows;
}

/**
 * The point of the probability simplex nearest to z: like a softmax, but most weights are exactly 0.
 * With z sorted, k = max{j : j·z_j > Σ_{i≤j} z_i − 1} and τ = (Σ_{i≤k} z_i − 1) / k, it is max(z − τ, 0).
 *
 * Example: (0.1, 0.2, 0.3, 0.15) → (0.1625, 0.2625, 0.3625, 0.2125); (3, 0, 0) → (1, 0, 0).
 * @param z [n], n ≥ 1, finite
 * @see https://arxiv.org/abs/1602.02068
 */
export function sparsemax(z: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(z).sort().reverse();
  let sum = 0;
  let threshold = 0;
  for (let i = 0; i < sorted.length; i++) {
    sum += sorted[i];
    if ((i + 1) * sorted[i] <= sum - 1) break;
    threshold = (sum - 1) / (i + 1);
  }
  return Float64Array.from(z, (value) => Math.max(value - threshold, 0));
}
