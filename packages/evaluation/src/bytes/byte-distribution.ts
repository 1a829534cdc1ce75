import { RevocabError } from "@revocab/core";
import type { CoverState } from "./cover-tree.ts";
import { queryStates, type StateQuestion } from "./query-states.ts";
import type { StateReading } from "./read-state.ts";
import { type ByteReadingOptions, type OpenText, readingContext } from "./reading-context.ts";
import { goesOn, type TokenOrder, tokensFrom } from "./token-order.ts";

export interface ByteDistribution {
  /** [257] for each value of the byte after the prefix; 256 is the end of the text. Their sum is 1. */
  readonly probabilities: Float64Array;
  /** The share, among all sequences that cover the prefix, of those that the tokenizer never writes. */
  readonly invalidMass: number;
  /** The share, among the valid ones, of sequences that no valid token can follow; they are removed as well. */
  readonly deadEndMass: number;
}

export interface ByteDistributions {
  /** In the order of the prefixes. */
  readonly distributions: readonly ByteDistribution[];
  /** Forward passes of the model, in sequences. */
  readonly passes: number;
}

/** P(next byte | prefix) for one prefix: see {@link byteDistributions}. */
export async function byteDistribution({
  prefix,
  ...options
}: ByteReadingOptions & { readonly prefix: Uint8Array | string }): Promise<ByteDistribution> {
  return (await byteDistributions({ ...options, prefixes: [prefix] })).distributions[0];
}

/**
 * P(next byte | prefix) of a model of tokens: the sum over all sequences of tokens that cover the prefix, whose last token
 * starts inside it and ends at its end or beyond. Example: in a vocabulary of `th`, `e` and `the`, the byte `e` after `th` comes
 * from the token `the` alone. The sequence `th` `e` does not count, because the tokenizer writes `the`.
 *
 * Tokens that the tokenizer would not write are removed from the distribution of each step, and the rest is scaled to sum 1.
 * The token of the role eos ends the text; other special tokens are removed too. A prefix may end inside a character. Without a
 * BOS the first token of the prefix is given, not predicted. The model reads the last `contextLength` tokens of a sequence.
 * @throws RevocabError `bad_text` for a prefix that no tokens cover, `bad_options`, `unsupported_tokenizer`
 * @see https://arxiv.org/abs/2410.09303, which assumes that invalid sequences have probability 0; for real models they do not
 */
export async function byteDistributions({
  prefixes,
  ...options
}: ByteReadingOptions & { readonly prefixes: readonly (Uint8Array | string)[] }): Promise<ByteDistributions> {
  const context = await readingContext(options);
  const readings: Map<CoverState, StateReading>[] = [];
  const covers: CoverState[][] = [];
  const questions: StateQuestion[] = [];
  for (const prefix of prefixes) {
    const text = await context.open(await context.streamOf(prefix));
    const reading = new Map<CoverState, StateReading>();
    const states = coversAndTheirStems(text, context.order);
    for (const state of states) {
      questions.push({
        state,
        answer: async (row) => {
          reading.set(state, await context.read(text, state, row));
        },
      });
    }
    readings.push(reading);
    covers.push(states);
  }
  const { contextLength } = options.model;
  const passes = await queryStates({
    model: options.model,
    questions,
    begin: context.begin,
    windowStart: (length) => Math.max(0, length - contextLength),
    job: options.job,
  });
  return { distributions: covers.map((states, i) => combine(states, readings[i])), passes };
}

/**
 * The states whose next token may reach past the prefix, and the states between them and their last common ancestor. The
 * probability of the ancestor itself is a factor of all, and cancels.
 */
function coversAndTheirStems({ stream: { bytes }, states }: OpenText, order: TokenOrder): CoverState[] {
  const covers = states.filter(({ offset }) =>
    goesOn(order, tokensFrom(order, bytes, offset), bytes.length - offset),
  );
  const needed = new Set<CoverState>();
  let stem = covers[0];
  for (const cover of covers) {
    stem = commonAncestor(stem, cover);
  }
  for (const cover of covers) {
    for (let at: CoverState = cover; !needed.has(at); at = at.parent!) {
      needed.add(at);
      if (at === stem) break;
    }
  }
  return [...needed].sort((a, b) => a.index - b.index);
}

function commonAncestor(a: CoverState, b: CoverState): CoverState {
  let one = a;
  let other = b;
  while (one !== other) {
    if (one.index > other.index) one = one.parent!;
    else other = other.parent!;
  }
  return one;
}

function combine(
  states: readonly CoverState[],
  readings: ReadonlyMap<CoverState, StateReading>,
): ByteDistribution {
  const weights = new Map<CoverState, number>([[states[0], 1]]);
  const probabilities = new Float64Array(257);
  let removed = 0;
  let covering = 0;
  for (const state of states) {
    const { beyond, refusedBeyond, children, covered } = readings.get(state)!;
    const weight = weights.get(state)!;
    for (const [i, child] of state.children.entries()) weights.set(child, weight * children[i]);
    if (beyond === undefined) continue;
    for (let byte = 0; byte < 257; byte++) probabilities[byte] += weight * beyond[byte];
    removed += weight * refusedBeyond;
    // Sequences that reach the end of the prefix; a state at the end was counted with its parent.
    if (covered.length > 0) covering += weight * (covered[covered.length - 1] + beyond[256]);
  }
  const sum = probabilities.reduce((total, probability) => total + probability, 0);
  if (!(sum > 0)) {
    throw new RevocabError("bad_text", "found a prefix that no sequence of tokens covers", {
      hint: "the model gives no probability to any byte after it",
    });
  }
  const all = states.length === 1 && readings.get(states[0])!.covered.length === 0 ? 1 : covering;
  return {
    probabilities: probabilities.map((probability) => probability / sum),
    invalidMass: removed / (removed + sum),
    deadEndMass: Math.max(0, 1 - sum / all),
  };
}
