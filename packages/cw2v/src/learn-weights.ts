import {
  type InitContext,
  type Job,
  quote,
  RevocabError,
  type TokenId,
  threadsOf,
  throwIfAborted,
} from "@revocab/core";
import { evidenceName, noteEvidence, type TokenWeights } from "@revocab/embedding-init/internal";
import { type DenseProducts, openDenseProducts } from "@revocab/onnx";
import { numberParticipants, type Participants, readCorpus, splitCorpus } from "./corpus.ts";
import { type LearnedMixture, mixtureWeights, tokensAtATime } from "./learned-mixture.ts";
import { inGigabytes, planMemory } from "./memory.ts";
import type { Cw2vModel } from "./model.ts";
import { createModel, pairTables } from "./model.ts";
import type { Cw2vSettings } from "./settings.ts";
import { candidateSources } from "./source-rows.ts";
import { train } from "./train.ts";
import { fingerprint } from "./training-checkpoint.ts";

/** For either role: the weights of the tokens that the source has, and of those that the text has. */
export interface LearnedWeights {
  readonly input: TokenWeights;
  readonly output: TokenWeights;
}

/** Reads the text, trains on it and keeps the heaviest weights. */
export async function learnWeights(context: InitContext, settings: Cw2vSettings): Promise<LearnedWeights> {
  const { source, seed, job } = context;
  const tables = pairTables(source.tables);
  const heads = settings.heads ?? "one";
  const corpus = await readText(context, settings);
  const { participants, training, heldOut } = corpus;
  if (participants.newTokens.length === 0)
    return { input: sourceCopies(context), output: sourceCopies(context) };
  const candidates = candidateSources(source.vocabulary, tables.input.matrix.rows);
  const rank = Math.min(settings.rank, candidates.length);
  const top = settings.top === "all" ? candidates.length : settings.top;
  const { needed, keepBytes } = planMemory({
    ...{ rank, tables, heads, top },
    tokens: participants.newTokens.length,
    participants: participants.tokens.length,
    candidates: candidates.length,
    batchPairs: settings.batch,
    negatives: settings.negatives,
    corpusTokens: training.tokens.length + heldOut.tokens.length,
    keepsBest: heldOut.tokens.length > 0,
    limit: settings.memory && settings.memory * 1e9,
  });
  const products = await openDenseProducts(settings.threads ?? threadsOf(job));
  noteDetail(
    context,
    `${participants.newTokens.length} new tokens as sums of ${candidates.length} with rank ${rank}, learned from ${training.tokens.length} tokens of text; ${inGigabytes(needed)} of memory; products by ${products.by}`,
  );
  try {
    const model = await createModel({ context, participants, tables, candidates, rank, heads });
    const { window, negatives, subsample, learningRate, loss, batch } = settings;
    const recipe = { rank, heads, window, negatives, subsample, learningRate, loss, batch, seed };
    const path = settings.checkpoint;
    await train({
      ...settings,
      ...{ model, corpus, products, keepBytes, seed, job },
      batchPairs: batch,
      checkpoint:
        path === undefined ? undefined : { path, recipe: { ...recipe, ...fingerprint(model, corpus) } },
    });
    return await chooseWeights(context, model, { candidates, top, products });
  } finally {
    await products.release();
  }
}

async function readText(context: InitContext, { text, heldOut: share }: Cw2vSettings) {
  const { alignment, target, seed, job } = context;
  const { vocabulary, encode } = target;
  if (encode === undefined) {
    throw new RevocabError(
      "bad_options",
      "cw2v learns from text, for which it needs the target's tokenizer, not its vocabulary alone",
      { hint: "give the context the tokenizer's encode" },
    );
  }
  job?.onProgress?.({ type: "step", step: "read text" });
  const corpus = await readCorpus(text, { vocabulary, encode, job });
  await noteEvidence(context, "cw2v", { text });
  const { training, heldOut } = splitCorpus(corpus, share, seed);
  if (training.tokens.length === 0) {
    throw new RevocabError(
      "no_evidence",
      `all ${heldOut.offsets.length - 1} lines of ${evidenceName(text)} were held out, which leaves no line to learn from`,
      { hint: "give more lines, or a smaller heldOut" },
    );
  }
  const numbered = numberParticipants(training, heldOut, alignment);
  noteWithoutEvidence(context, numbered.participants);
  return numbered;
}

/** Notes how many new text and byte tokens do not occur in the text: no weights are learned for them. */
function noteWithoutEvidence(
  { alignment: { sourceOf }, target: { vocabulary }, job }: InitContext,
  { newTokens }: Participants,
): void {
  const isMet = new Uint8Array(sourceOf.length);
  for (const id of newTokens) isMet[id] = 1;
  const news = Array.from(sourceOf.keys()).filter((id) => {
    const kind = vocabulary.kindOf(id);
    return sourceOf[id] < 0 && (kind === "text" || kind === "byte");
  });
  const missing = news.filter((id) => isMet[id] === 0);
  if (missing.length === 0) return;
  const examples = missing.slice(0, EXAMPLES).map((id) => `${id} ${quote(vocabulary.tokenOf(id))}`);
  job?.onProgress?.({
    type: "note",
    step: "cw2v",
    message: `${missing.length} of ${news.length} new tokens are nowhere in the text, so that their rows have no evidence, such as ${examples.join(", ")}`,
  });
}

const EXAMPLES = 5;

async function chooseWeights(
  context: InitContext,
  { participants: { newTokens }, mixtures }: Cw2vModel,
  how: { readonly candidates: Uint32Array; readonly top: number; readonly products: DenseProducts },
): Promise<LearnedWeights> {
  const copies = sourceCopies(context);
  const rows: TokenWeights[] = [];
  for (const mixture of mixtures) {
    const chosen = await topWeights(mixture, { ...how, newTokens, job: context.job });
    const { mean, most } = chosen.cut;
    if (how.top < how.candidates.length) {
      noteDetail(
        context,
        `of each row the ${how.top} heaviest weights were kept; those cut sum to ${mean.toFixed(4)} in the mean and ${most.toFixed(4)} at most`,
      );
    }
    rows.push(new Map([...copies, ...chosen.rows]));
  }
  return { input: rows[0], output: rows[rows.length - 1] };
}

/** A shared text or byte token keeps its source row, as it did during training. */
function sourceCopies({ alignment: { sourceOf }, target: { vocabulary } }: InitContext): TokenWeights {
  const ids = Array.from(sourceOf.keys()).filter((id) => sourceOf[id] >= 0 && isText(id));
  return new Map(ids.map((id) => [id, { sources: [sourceOf[id]], weights: [1] }]));

  function isText(id: number): boolean {
    const kind = vocabulary.kindOf(id);
    return kind === "text" || kind === "byte";
  }
}

/** Figures of the training, for who watches it: no plan keeps them. */
function noteDetail({ job }: InitContext, message: string): void {
  job?.onProgress?.({ type: "note", step: "cw2v", message, isDetail: true });
}

interface TopWeights {
  /** For each new token the heaviest sources, heaviest first; their weights are not rescaled to sum 1. */
  readonly rows: TokenWeights;
  /** The sum of the weights that were cut, over tokens. */
  readonly cut: { readonly mean: number; readonly most: number };
}

/**
 * The heaviest weights of every new token.
 * @param newTokens target ids by row of A₁
 * @param candidates source ids by column of A₂
 */
async function topWeights(
  mixture: LearnedMixture,
  {
    newTokens,
    candidates,
    top,
    products,
    job,
  }: {
    readonly newTokens: Uint32Array;
    readonly candidates: Uint32Array;
    readonly top: number;
    readonly products: DenseProducts;
    readonly job?: Job;
  },
): Promise<TopWeights> {
  const rows = new Map<TokenId, { sources: Uint32Array; weights: Float64Array }>();
  let [cutSum, most] = [0, 0];
  const size = tokensAtATime(candidates.length);
  for (let start = 0; start < newTokens.length; start += size) {
    throwIfAborted(job?.abortSignal);
    const block = newTokens.subarray(start, start + size);
    const own = block.map((_, i) => start + i);
    const { columns, data } = await mixtureWeights(mixture, own, products);
    block.forEach((token, i) => {
      const all = data.subarray(i * columns, (i + 1) * columns);
      const places = heaviest(all, top);
      const weights = Float64Array.from(places, (place) => all[place]);
      const kept = weights.reduce((sum, weight) => sum + weight, 0);
      if (!(kept > 0)) {
        throw new RevocabError("not_finite", `cw2v learned no weights for the target's token ${token}`);
      }
      const cut = Math.max(0, 1 - kept);
      cutSum += cut;
      most = Math.max(most, cut);
      rows.set(token, { sources: Uint32Array.from(places, (place) => candidates[place]), weights });
    });
  }
  return { rows, cut: { mean: newTokens.length === 0 ? 0 : cutSum / newTokens.length, most } };
}

/** Places of the `count` largest values, largest first; ties go to the lowest place. */
function heaviest(values: Float32Array, count: number): Uint32Array {
  if (count >= values.length) {
    return Uint32Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b);
  }
  const places = new Uint32Array(count + 1);
  let used = 0;
  for (let place = 0; place < values.length; place++) {
    if (used === count && values[place] <= values[places[count - 1]]) continue;
    let at = used;
    while (at > 0 && values[places[at - 1]] < values[place]) {
      places[at] = places[at - 1];
      at--;
    }
    places[at] = place;
    used = Math.min(count, used + 1);
  }
  return places.slice(0, used);
}
