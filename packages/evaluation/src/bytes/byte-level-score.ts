import { RevocabError } from "@revocab/core";
import type { CoverState } from "./cover-tree.ts";
import { queryStates } from "./query-states.ts";
import type { StateReading } from "./read-state.ts";
import {
  type ByteReadingOptions,
  type OpenText,
  type ReadingContext,
  readingContext,
} from "./reading-context.ts";

export interface ByteLevelScoreOptions extends ByteReadingOptions {
  /** Scored each for itself. */
  readonly documents: readonly string[];
  /** Tokens in a window, at least 2. @default 512, or the model's own if that is less */
  readonly context?: number;
}

export interface ByteLevelScore {
  /** Σ −log2 P(byte | bytes before) ÷ all bytes of the documents. */
  readonly bitsPerByte: number;
  /** Σ −log2 p of the tokenizer's own tokens ÷ all bytes: the score of `bitsPerByte`, never below the one above. */
  readonly tokenBitsPerByte: number;
  readonly bytes: number;
  /** Of the model's probability where the tokenizer's own tokens are, the mean share on tokens it would not write there. */
  readonly invalidMass: number;
  readonly documents: readonly DocumentByteScore[];
  /** Sequences the model was run on. */
  readonly passes: number;
}

export interface DocumentByteScore {
  readonly bits: number;
  readonly tokenBits: number;
  /** P(byte | bytes before), from byte `firstByte` of the document on. */
  readonly probabilities: Float64Array;
  /** 0, or without a BOS the bytes of the first token, which nothing predicts. */
  readonly firstByte: number;
}

/**
 * How well a model of tokens predicts the bytes of texts: the same sum over sequences of tokens as
 * {@link byteDistributions}, for all prefixes of a text in one walk. Unlike the score of tokens it does not count a
 * text as less probable for what the model gives to other ways to write it.
 *
 * The windows are those of the token score (each starts with the last token of the one before), so that the tokenizer's
 * own tokens have the same probability in both; as they are one of the sequences of the sum, the bits are never more.
 * @throws RevocabError `bad_text`, `bad_options`, `shape_mismatch`, `unsupported_tokenizer`, `not_finite`, `aborted`
 */
export async function byteLevelScore({
  documents,
  model,
  context = Math.min(model.contextLength, DEFAULT_CONTEXT),
  abortSignal,
  ...options
}: ByteLevelScoreOptions): Promise<ByteLevelScore> {
  if (!Number.isInteger(context) || context < 2 || context > model.contextLength) {
    throw new RevocabError(
      "bad_options",
      `the context is ${context} tokens, expected between 2 and the model's ${model.contextLength}`,
    );
  }
  const shared = await readingContext({
    ...options,
    model,
    ...(abortSignal === undefined ? {} : { abortSignal }),
  });
  const scores: DocumentByteScore[] = [];
  let passes = 0;
  let bytes = 0;
  let removed = 0;
  let steps = 0;
  for (const document of documents) {
    const text = await shared.open(document);
    const walk = await readDocument(shared, text, { model, context, abortSignal });
    scores.push(scoreOf(text, walk));
    passes += walk.passes;
    bytes += text.stream.bytes.length - text.stream.lead;
    for (const [state, { kept }] of walk.readings) {
      if (!state.isCanonical) continue;
      removed += Math.max(0, 1 - kept);
      steps++;
    }
  }
  const total = (of: (score: DocumentByteScore) => number) =>
    scores.reduce((sum, score) => sum + of(score), 0);
  if (steps === 0) {
    throw new RevocabError(
      "bad_text",
      `found ${documents.length} documents with no byte to predict, expected some`,
      {
        hint: "give a longer text",
      },
    );
  }
  return {
    bitsPerByte: total(({ bits }) => bits) / bytes,
    tokenBitsPerByte: total(({ tokenBits }) => tokenBits) / bytes,
    bytes,
    invalidMass: removed / steps,
    documents: scores,
    passes,
  };
}

const DEFAULT_CONTEXT = 512;

interface Walk {
  readonly readings: ReadonlyMap<CoverState, StateReading>;
  readonly tokenBits: number;
  readonly passes: number;
}

async function readDocument(
  shared: ReadingContext,
  text: OpenText,
  {
    model,
    context,
    abortSignal,
  }: {
    readonly model: ByteReadingOptions["model"];
    readonly context: number;
    readonly abortSignal: AbortSignal | undefined;
  },
): Promise<Walk> {
  const { stream, states } = text;
  const readings = new Map<CoverState, StateReading>();
  let tokenBits = 0;
  const questions = states
    .filter(({ offset }) => offset < stream.bytes.length)
    .map((state) => ({
      state,
      answer: async (_: CoverState, row: Float32Array) => {
        readings.set(state, await shared.read(text, state, row));
        if (state.isCanonical) tokenBits -= row[stream.tokens[state.depth]] / Math.LN2;
      },
    }));
  const stride = context - 1;
  const passes = await queryStates({
    model,
    questions,
    begin: shared.begin,
    windowStart: (length) => Math.floor((length - 1) / stride) * stride,
    abortSignal,
  });
  return { readings, tokenBits, passes };
}

/** −log2 of the probability of each prefix from that of the prefix before; all in logarithms, for texts are long. */
function scoreOf({ stream, states }: OpenText, { readings, tokenBits }: Walk): DocumentByteScore {
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
  // The space that announces a text is certain once there is one, and no byte of it.
  prefix[start] = 0;
  const probabilities = new Float64Array(bytes.length - start);
  for (let i = 0; i < probabilities.length; i++) {
    probabilities[i] = Math.exp(prefix[start + i + 1] - prefix[start + i]);
  }
  return { bits: -prefix[bytes.length] / Math.LN2, tokenBits, probabilities, firstByte: start - lead };
}

function logarithmOfSum(a: number, b: number): number {
  const most = Math.max(a, b);
  return most === -Infinity ? most : most + Math.log(Math.exp(a - most) + Math.exp(b - most));
}
