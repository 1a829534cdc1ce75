import { type InitContext, type Matrix, type MixtureMethod, RevocabError, type TokenId } from "@revocab/core";
import { selectRows } from "@revocab/matrix";
import { coverageOf, readDictionary, type WordPair } from "@revocab/vocab-alignment";
import type { WordVectors } from "@revocab/word-vectors";
import { z } from "zod";
import { evidenceName, noteEvidence } from "./context.ts";
import { checkOption, filePath, type MethodEntry, methodEntry, numberOption } from "./method-entry.ts";
import { mixtureOfTokens, type TokenWeights } from "./similarity-mixtures.ts";
import { subwordVectors, tokensWithVector } from "./token-vectors.ts";

export interface WechselOptions {
  /** Word vectors of the source's language, or a file of them. */
  readonly sourceVectors: WordVectors | string;
  /** Word vectors of the target's language, or a file of them. */
  readonly targetVectors: WordVectors | string;
  /** Pairs of words of both languages, or a file of them; without it the two files are in one space already. */
  readonly dictionary?: string | readonly WordPair[];
  /** Source tokens in a row. @default 10 */
  readonly neighbors?: number;
  /** Weights are softmax(cosine / temperature). @default 0.1 */
  readonly temperature?: number;
  /** Take a token's vector from its n-grams, or from the words it is in. @default "ngrams" where the vectors have them */
  readonly from?: "ngrams" | "words";
}

/**
 * Each new token becomes the mean of the source tokens that are nearest to it in meaning, by static word vectors of both
 * languages in one space.
 *
 * Departures: only used text and byte tokens are neighbors; a token that both vocabularies have is copied before, as for
 * every method (the paper does not copy: `copyShared: false`); a token without a vector gets no row (the reference draws it), and
 * n-grams that occur in no word of the file do not count (the reference uses their rows, which were never trained).
 * @see https://arxiv.org/abs/2112.06598
 * @throws RevocabError bad_options; when it prepares, what reading and aligning vectors throws
 */
export function wechsel(options: WechselOptions): MixtureMethod {
  const recorded = options.from && { from: options.from };
  return nearestInMeaning({ name: "wechsel", paper: "https://arxiv.org/abs/2112.06598", recorded }, options);
}

/** The common part of WECHSEL and OFA, which differ in where the vector of a token comes from. */
export function nearestInMeaning(
  {
    name,
    paper,
    recorded,
  }: {
    readonly name: string;
    readonly paper: string;
    /** Options that the recipe records beside the common ones. */
    readonly recorded?: Readonly<Record<string, string>>;
  },
  { sourceVectors, targetVectors, dictionary, neighbors = 10, temperature = 0.1, from }: WechselOptions,
): MixtureMethod {
  checkOption("neighbors", neighbors, Number.isInteger(neighbors) && neighbors >= 1, "a whole number from 1");
  checkOption("temperature", temperature, temperature > 0, "a number above 0");
  return {
    kind: "mixture",
    name,
    paper,
    weights: "convex",
    differsByRole: false,
    // vectors without n-grams give a token the mean of the words it is in, which the tokenizer writes
    needs: from === "ngrams" ? [] : ["encode"],
    options: {
      "source-vectors": evidenceName(sourceVectors),
      "target-vectors": evidenceName(targetVectors),
      ...(dictionary !== undefined && { dictionary: evidenceName(dictionary) }),
      neighbors,
      temperature,
      ...recorded,
    },
    async prepare(context) {
      const { source, target } = await tokenVectors(context);
      await noteEvidence(context, name, {
        "source-vectors": sourceVectors,
        "target-vectors": targetVectors,
        dictionary,
      });
      const rows = await nearestSources({ context, source, target, neighbors, temperature });
      return { mixture: (tokens) => mixtureOfTokens(tokens, rows) };
    },
  };

  /** One vector per token of either vocabulary, in one space. */
  async function tokenVectors(context: InitContext): Promise<{ source: Matrix; target: Matrix }> {
    const { source, target } = await oneSpace(context);
    const vectorsOf = (side: "source" | "target", vectors: WordVectors) =>
      subwordVectors({
        vocabulary: context[side].vocabulary,
        encode: context[side].encode,
        vectors,
        job: context.job,
        from,
      });
    return { source: await vectorsOf("source", source), target: await vectorsOf("target", target) };
  }

  async function oneSpace({ job }: InitContext): Promise<{ source: WordVectors; target: WordVectors }> {
    const { alignSpaces, readWordVectors } = await import("@revocab/word-vectors");
    const read = async (vectors: WordVectors | string) =>
      typeof vectors === "string" ? readWordVectors(vectors, { job, onlyLearnedNgrams: true }) : vectors;
    const [source, target] = [await read(sourceVectors), await read(targetVectors)];
    if (dictionary === undefined) {
      if (source.dimension === target.dimension) return { source, target };
      throw new RevocabError(
        "bad_options",
        `source vectors have ${source.dimension} numbers and target vectors ${target.dimension}, so they are not in one space`,
        { hint: "give a dictionary, by which the two spaces are aligned" },
      );
    }
    const pairs = typeof dictionary === "string" ? (await readDictionary(dictionary)).pairs : dictionary;
    const { sourceKnown, targetKnown, bothKnown } = coverageOf({ pairs }, source, target);
    job?.onProgress?.({
      type: "note",
      step: name,
      message: `of ${pairs.length} pairs in the dictionary, the source vectors know ${sourceKnown}, the target vectors ${targetKnown}, and both ${bothKnown}`,
    });
    return alignSpaces({ source, target, pairs, job });
  }
}

/** The common options of WECHSEL and OFA, as the catalog names them. */
export const nearestOptions = {
  "source-vectors": filePath.describe("word vectors of the source's language (.bin, .vec)"),
  "target-vectors": filePath.describe("word vectors of the target's language"),
  dictionary: filePath
    .optional()
    .describe("word pairs, source TAB target; without it the spaces are one already"),
  neighbors: numberOption(z.number()).default(10).describe("source tokens in a row"),
  temperature: numberOption(z.number()).default(0.1).describe("weights are softmax(cosine / temperature)"),
};

/** The same options as `wechsel` and `ofa` take them. */
export function nearestInMeaningOptions({
  "source-vectors": sourceVectors,
  "target-vectors": targetVectors,
  dictionary,
  ...rest
}: {
  "source-vectors": string;
  "target-vectors": string;
  dictionary?: string | undefined;
  neighbors: number;
  temperature: number;
}) {
  return { sourceVectors, targetVectors, ...rest, dictionary };
}

export const wechselEntry: MethodEntry = methodEntry("wechsel", {
  summary:
    "Each new token becomes the mean of the source tokens nearest in meaning, by word vectors of both languages in one space.",
  paper: "https://arxiv.org/abs/2112.06598",
  evidence: "word vectors of both languages, and a dictionary if they are not in one space",
  options: z.object({
    ...nearestOptions,
    from: z
      .enum(["ngrams", "words"])
      .optional()
      .describe(
        "a token's vector is computed from its n-grams (as .bin files allow), or from the words it is in",
      ),
  }),
  create: ({ from, ...rest }) => wechsel({ ...nearestInMeaningOptions(rest), from }),
});

export interface NearestSourcesOptions {
  readonly context: InitContext;
  /** [V_s × p] one vector per source token; zeros where there is none. */
  readonly source: Matrix;
  /** [V_t × p] the same of the target, in the same space. */
  readonly target: Matrix;
  readonly neighbors: number;
  readonly temperature: number;
}

/**
 * For each target token with a vector: its nearest used source tokens by cosine, weighed by softmax(cosine / temperature).
 */
export async function nearestSources({
  context,
  source,
  target,
  neighbors,
  temperature,
}: NearestSourcesOptions): Promise<TokenWeights> {
  const { vocabulary } = context.source;
  const isCandidate = (id: TokenId) => vocabulary.kindOf(id) === "text" || vocabulary.kindOf(id) === "byte";
  const rows = new Map<TokenId, { sources: Uint32Array; weights: Float64Array }>();
  const known = tokensWithVector(target);
  if (known.length === 0) return rows;
  const { job } = context;
  const { nearestRows } = await import("@revocab/neighbors");
  const { k, ids, similarities } = await nearestRows({
    queries: selectRows(target, known),
    rows: source,
    k: neighbors,
    metric: "cosine",
    isCandidate,
    job,
  });
  known.forEach((token, i) => {
    const range = [i * k, (i + 1) * k] as const;
    rows.set(token, {
      sources: ids.slice(...range),
      weights: softmax(similarities.subarray(...range), temperature),
    });
  });
  return rows;
}

/**
 * Weights ∝ e^{z / temperature}, ≥ 0 with sum 1.
 * @param z [n], n ≥ 1
 */
export function softmax(z: ArrayLike<number>, temperature: number): Float64Array {
  const largest = Array.from(z).reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const weights = Float64Array.from(z, (value) => Math.exp((value - largest) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
