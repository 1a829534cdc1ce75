import { type Job, RevocabError, type TokenId } from "@revocab/core";
import { readMatrix } from "@revocab/matrix";
import { type LargestRows, openProductSearch } from "@revocab/neighbors";
import type { ModelTables, OpenTransformer, TextContinuer } from "@revocab/transformer-runtime";
import { RowCache } from "@revocab/transformer-runtime/internal";
import type { LargeVocabulary } from "./open-large-vocabulary.ts";

export interface ShortlistModelOptions {
  readonly transformer: OpenTransformer;
  readonly vocabulary: Pick<LargeVocabulary, "tables" | "index" | "facts">;
  /** How many of the most probable tokens get logits. @default 256 */
  readonly shortlist?: number;
  /** The share of the index that is looked at for a token; 1 finds the most probable tokens for sure. @default what was measured when the vocabulary was written */
  readonly share?: number;
  /** False for tokens that no text has. @default every row may be found */
  readonly isAllowed?: (token: TokenId) => boolean;
  readonly job?: Job;
}

/** How much of the probability the shortlists had: as measured at each token, by an estimate of what all tokens have. */
export interface ShortlistMass {
  /** Tokens that were drawn from a shortlist. */
  readonly tokens: number;
  readonly mean: number;
  readonly least: number;
}

/** A model's layers with a large vocabulary: of the logits only those of the most probable tokens are computed. */
export interface ShortlistModel extends TextContinuer {
  mass(): ShortlistMass;
  close(): Promise<void>;
}

export const SHORTLIST = 256;

/**
 * Opens the layers of a model with the rows of a large vocabulary. For each token the index gives the rows with the largest products
 * with the hidden state; their logits are computed from the rows themselves. Keys and values of the text so far are kept.
 *
 * Memory: the index, a byte a value of the head's rows.
 * @throws RevocabError `shape_mismatch` when the rows are not as wide as the layers; `not_enough_memory`
 */
export async function openShortlistModel({
  transformer,
  vocabulary,
  shortlist = SHORTLIST,
  share = vocabulary.facts.index.share,
  isAllowed,
  job,
}: ShortlistModelOptions): Promise<ShortlistModel> {
  const { kind, contextLength, description, width } = transformer;
  const { tables, index } = vocabulary;
  checkWidth(tables, width);
  const addends = tables.bias && (await readMatrix(tables.bias, 0, tables.bias.rows)).data;
  const search = await openProductSearch({
    index,
    rows: tables.output,
    addends,
    isCandidate: isAllowed,
    job,
  });
  const rows = new RowCache(tables.input);
  const become = logitOf(description.head);
  const masses = { tokens: 0, sum: 0, least: 1 };
  return {
    kind,
    contextLength,
    async continue(tokens, { cache } = {}) {
      const embeddings = new Float32Array(tokens.length * tables.input.columns);
      await rows.fill(tokens, embeddings, 0);
      const continued = await transformer.continue(embeddings, tokens.length, { cache, source: tables });
      const found = await search.largest(continued.hidden.slice(-width), { k: shortlist, share });
      const logits = found.products.map(become);
      addMass(logits, found);
      return {
        logits,
        tokens: found.ids,
        logTotal: (temperature) => found.logTotal((product) => become(product) / temperature),
        cache: continued.cache,
      };
    },
    mass: () => ({ tokens: masses.tokens, mean: masses.sum / masses.tokens, least: masses.least }),
    close: () => search.close(),
  };

  function addMass(logits: Float32Array, { logTotal }: LargestRows): void {
    const total = logTotal(become);
    const mass = Math.min(
      1,
      logits.reduce((sum, logit) => sum + Math.exp(logit - total), 0),
    );
    masses.tokens++;
    masses.sum += mass;
    masses.least = Math.min(masses.least, mass);
  }
}

/** What the softmax is taken of, from a product and its addend. */
export function logitOf({
  scale = 1,
  softCap,
}: OpenTransformer["description"]["head"]): (product: number) => number {
  if (softCap === undefined) return (product) => product * scale;
  return (product) => Math.tanh((product * scale) / softCap) * softCap;
}

function checkWidth({ output }: ModelTables, width: number): void {
  if (output.columns === width) return;
  throw new RevocabError(
    "shape_mismatch",
    `the head of the vocabulary has ${output.columns} columns, but the layers give ${width}`,
    { hint: "give the model that the vocabulary was made for" },
  );
}
