import { type Job, quiet } from "@revocab/core";
import { openProductSearch } from "@revocab/neighbors";
import type { OpenTransformer } from "@revocab/transformer-runtime";
import { longestPrefixEncoder } from "./longest-prefix.ts";
import type { LargeVocabulary } from "./open-large-vocabulary.ts";
import { logitOf, SHORTLIST } from "./shortlist-model.ts";
import type { VocabularyFacts } from "./vocabulary-format.ts";

export interface MeasureSharesOptions {
  readonly transformer: OpenTransformer;
  readonly vocabulary: LargeVocabulary;
  /** Some text like that which will be written. */
  readonly texts: readonly string[];
  readonly job?: Job;
}

/** The shares that are tried, the least first. */
const SHARES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.4];
/** What the chosen share must find at least: of the most probable tokens, and of the shortlist's probability. */
const WANTED = 0.99;
/** Positions that are looked at. */
const POSITIONS = 512;

/**
 * Chooses the share of an index that is looked at for a token: the least one that finds the most probable token, and the shortlist's
 * probability, as often as a search of all rows at 99 % of the positions of a text; 1 where none does, or where there are no clusters.
 * @throws RevocabError what reading the text with the model throws; `aborted`
 */
export async function measureShares({
  transformer,
  vocabulary,
  texts,
  job,
}: MeasureSharesOptions): Promise<VocabularyFacts["index"]> {
  const { facts, index, tables } = vocabulary;
  if (index.clusters === undefined) return { clusters: 0, share: 1 };
  const clusters = index.clusters.centers.rows;
  const states = await statesOf({ transformer, vocabulary, texts, job });
  const { width } = transformer;
  const positions = states.length / width;
  if (positions === 0) return { ...facts.index, share: 1 };
  const search = await openProductSearch({ index, rows: tables.output, job });
  const become = logitOf(transformer.description.head);
  const tried = SHARES.map((share) => ({ share, first: 0, mass: 0 }));
  try {
    for (let position = 0; position < positions; position++) {
      const state = states.subarray(position * width, (position + 1) * width);
      const all = await search.largest(state, { k: SHORTLIST });
      for (const each of tried) {
        const found = await search.largest(state, { k: SHORTLIST, share: each.share });
        if (found.ids[0] === all.ids[0]) each.first += 1 / positions;
        each.mass +=
          massOf(found.products, all.products[0]) / massOf(all.products, all.products[0]) / positions;
      }
      job?.onProgress?.({
        type: "progress",
        step: "measure the index",
        done: position + 1,
        total: positions,
        unit: "tokens",
      });
    }
  } finally {
    await search.close();
  }
  const shares = tried.map(({ share, first, mass }) => ({
    share,
    first: Math.min(1, first),
    mass: Math.min(1, mass),
  }));
  const chosen = shares.find(({ first, mass }) => first >= WANTED && mass >= WANTED);
  return {
    clusters,
    share: chosen?.share ?? 1,
    measured: { positions, shortlist: SHORTLIST, shares },
  };

  /** The probability of products beside that of the largest of all. */
  function massOf(products: Float32Array, largest: number): number {
    return products.reduce((sum, product) => sum + Math.exp(become(product) - become(largest)), 0);
  }
}

/** [positions × d] hidden states from all over the texts. */
async function statesOf({
  transformer,
  vocabulary: { tokenizer, tables },
  texts,
  job,
}: MeasureSharesOptions): Promise<Float32Array> {
  const encode = longestPrefixEncoder(tokenizer);
  const sequences: Uint32Array[] = [];
  for (const text of texts) {
    const ids = (await encode(text)).subarray(0, transformer.contextLength);
    if (ids.length > 0) sequences.push(ids);
  }
  const total = sequences.reduce((sum, { length }) => sum + length, 0);
  const step = Math.max(1, total / POSITIONS);
  let next = 0;
  let passed = 0;
  const queries = sequences.map((tokens) => {
    const positions: number[] = [];
    for (; next < passed + tokens.length; next += step) positions.push(Math.floor(next) - passed);
    passed += tokens.length;
    return { tokens, positions: Uint32Array.from(positions) };
  });
  const states: Float32Array[] = [];
  const { input } = tables;
  const onStates = async (found: { blocks(): AsyncIterable<{ readonly states: Float32Array }> }) => {
    for await (const block of found.blocks()) states.push(block.states.slice());
  };
  await transformer.read([{ input, queries, onStates }], quiet(job));
  const joined = new Float32Array(states.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const block of states) {
    joined.set(block, at);
    at += block.length;
  }
  return joined;
}
