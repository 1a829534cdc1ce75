import type { Job } from "@revocab/core";
import type { CoverState, TokenStream } from "./cover-tree.ts";
import { queryStates, type StateQuestion } from "./query-states.ts";
import type { StateReading } from "./read-state.ts";
import type { ByteReadingOptions, OpenText, ReadingContext } from "./reading-context.ts";
import { type TokenOrder, tokensFrom } from "./token-order.ts";

export interface DocumentByteScore {
  readonly bits: number;
  readonly tokenBits: number;
  /** P(byte | bytes before), from byte `firstByte` of the document on; undefined without `perByte`. */
  readonly probabilities: Float64Array | undefined;
  /** 0; without a BOS the length of the first token, which nothing predicts. */
  readonly firstByte: number;
}

export interface DocumentReading {
  readonly score: DocumentByteScore;
  /** Probability of tokens that may not follow, summed over the positions of the tokenizer's own tokens. */
  readonly removed: number;
  /** The number of these positions. */
  readonly steps: number;
}

export interface ReadDocumentsOptions {
  readonly model: ByteReadingOptions["model"];
  readonly context: number;
  readonly perByte: boolean;
  readonly job?: Job;
  /** Called for each of the tokenizer's own tokens, once it is scored. */
  readonly onToken: () => void;
}

/** Runs the model over documents, all at once: probabilities of their bytes, and the bits of their tokens. */
export async function readDocuments(
  shared: ReadingContext,
  streams: readonly TokenStream[],
  { model, context, perByte, job, onToken }: ReadDocumentsOptions,
): Promise<{ readonly readings: readonly DocumentReading[]; readonly passes: number }> {
  const opened = [];
  for (const stream of streams) opened.push(openReading(shared, await shared.open(stream), perByte, onToken));
  const stride = context - 1;
  const passes = await queryStates({
    model,
    questions: opened.flatMap(({ questions }) => questions),
    begin: shared.begin,
    windowStart: (length) => Math.floor((length - 1) / stride) * stride,
    job,
  });
  return { readings: opened.map(({ finish }) => finish()), passes };
}

/** What the model is to be asked about a document, and the score once it has answered. */
function openReading(shared: ReadingContext, text: OpenText, perByte: boolean, onToken: () => void) {
  const { stream, states } = text;
  const readings = new Map<CoverState, StateReading>();
  let tokenBits = 0;
  let removed = 0;
  let steps = 0;
  const needed = perByte ? states : statesThatCover(text, shared.order);
  const questions: StateQuestion[] = needed
    .filter(({ offset }) => offset < stream.bytes.length)
    .map((state) => ({
      state,
      answer: async (row) => {
        const reading = await shared.read(text, state, row);
        readings.set(state, reading);
        if (!state.isCanonical) return;
        tokenBits -= row[stream.tokens[state.depth]] / Math.LN2;
        removed += Math.max(0, 1 - reading.kept);
        steps++;
        onToken();
      },
    }));
  const finish = (): DocumentReading => ({
    score: { ...bytesOf(text, readings, perByte), tokenBits },
    removed,
    steps,
  });
  return { questions, finish };
}

/** The states whose next token may reach the end, and all their ancestors: the only ones that the probability of the whole text needs. */
function statesThatCover({ stream: { bytes }, states }: OpenText, order: TokenOrder): CoverState[] {
  const lasting = new Set<CoverState>();
  for (const last of states) {
    const { from, to } = tokensFrom(order, bytes, last.offset);
    if (from === to) continue;
    for (let at: CoverState | undefined = last; at !== undefined && !lasting.has(at); at = at.parent)
      lasting.add(at);
  }
  return [...lasting].sort((a, b) => a.index - b.index);
}

/** The probability of each prefix, from that of the prefix before. In logarithms, because that of a long text underflows. */
function bytesOf(
  { stream, states }: OpenText,
  readings: ReadonlyMap<CoverState, StateReading>,
  perByte: boolean,
): Omit<DocumentByteScore, "tokenBits"> {
  const { bytes, lead } = stream;
  const prefix = new Float64Array(bytes.length + 1).fill(-Infinity);
  const weights = new Float64Array(states.length);
  const start = Math.max(states[0].offset, lead);
  for (const state of states) {
    const reading = readings.get(state);
    if (reading === undefined) continue;
    const weight = weights[state.index];
    state.children.forEach((child, i) => {
      weights[child.index] = weight + Math.log(reading.children[i]);
    });
    reading.covered.forEach((share, i) => {
      const end = state.offset + i + 1;
      prefix[end] = logarithmOfSum(prefix[end], weight + Math.log(share));
    });
  }
  // The space that the tokenizer puts before a text is certain, and is no byte of the text.
  prefix[start] = 0;
  const probabilities = Float64Array.from({ length: bytes.length - start }, (_, i) =>
    Math.exp(prefix[start + i + 1] - prefix[start + i]),
  );
  return {
    bits: -prefix[bytes.length] / Math.LN2,
    probabilities: perByte ? probabilities : undefined,
    firstByte: start - lead,
  };
}

function logarithmOfSum(a: number, b: number): number {
  const most = Math.max(a, b);
  return most === -Infinity ? most : most + Math.log(Math.exp(a - most) + Math.exp(b - most));
}
