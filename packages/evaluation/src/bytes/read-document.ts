import type { Job } from "@revocab/core";
import type { CoverState, TokenStream } from "./cover-tree.ts";
import { queryStates } from "./query-states.ts";
import type { StateReading } from "./read-state.ts";
import type { ByteReadingOptions, OpenText, ReadingContext } from "./reading-context.ts";

export interface DocumentByteScore {
  readonly bits: number;
  readonly tokenBits: number;
  /** P(byte | bytes before), from byte `firstByte` of the document on; undefined unless asked for. */
  readonly probabilities: Float64Array | undefined;
  /** 0, or without a BOS the bytes of the first token, which nothing predicts. */
  readonly firstByte: number;
}

export interface DocumentReading {
  readonly score: DocumentByteScore;
  /** What the model gave to tokens that may not follow, summed over the places of the tokenizer's own tokens. */
  readonly removed: number;
  /** How many such places there are. */
  readonly steps: number;
  readonly passes: number;
}

/** Walks one document with the model: the probabilities of its bytes, and beside them of its tokens. */
export async function readDocument(
  shared: ReadingContext,
  stream: TokenStream,
  {
    model,
    context,
    perByte,
    job,
    onToken,
  }: {
    readonly model: ByteReadingOptions["model"];
    readonly context: number;
    readonly perByte: boolean;
    readonly job?: Job;
    /** Called for each of the tokenizer's own tokens, once it is scored. */
    readonly onToken: () => void;
  },
): Promise<DocumentReading> {
  const text = await shared.open(stream);
  const { states } = text;
  const readings = new Map<CoverState, StateReading>();
  let tokenBits = 0;
  let removed = 0;
  let steps = 0;
  const asked = perByte ? states : statesThatLastTo(stream.bytes.length - shared.order.longest, states);
  const questions = asked
    .filter(({ offset }) => offset < stream.bytes.length)
    .map((state) => ({
      state,
      answer: async (_: CoverState, row: Float32Array) => {
        const reading = await shared.read(text, state, row);
        readings.set(state, reading);
        if (!state.isCanonical) return;
        tokenBits -= row[stream.tokens[state.depth]] / Math.LN2;
        removed += Math.max(0, 1 - reading.kept);
        steps++;
        onToken();
      },
    }));
  const stride = context - 1;
  const passes = await queryStates({
    model,
    questions,
    begin: shared.begin,
    windowStart: (length) => Math.floor((length - 1) / stride) * stride,
    job,
  });
  const score = { ...bytesOf(text, readings, perByte), tokenBits };
  return { score, removed, steps, passes };
}

/** Those from which a token may reach past the end, with all that they come from. */
function statesThatLastTo(offset: number, states: readonly CoverState[]): CoverState[] {
  const lasting = new Set<CoverState>();
  for (const last of states) {
    if (last.offset < offset) continue;
    for (let at: CoverState | undefined = last; at !== undefined && !lasting.has(at); at = at.parent)
      lasting.add(at);
  }
  return [...lasting].sort((a, b) => a.index - b.index);
}

/** −log2 of the probability of each prefix from that of the prefix before; all in logarithms, for texts are long. */
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
  // The space that announces a text is certain once there is one, and no byte of it.
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
