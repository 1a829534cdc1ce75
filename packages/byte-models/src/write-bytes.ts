import { setImmediate } from "node:timers/promises";
import { type Job, RevocabError, throwIfAborted } from "@revocab/core";
import { utf8StateAfter } from "@revocab/evaluation/internal";
import { randomStream } from "@revocab/matrix";
import type { ByteReader, NextByte } from "./byte-reader.ts";
import { END } from "./growing-covers.ts";
import { type ByteSamplingOptions, type SampledByte, sampleByte } from "./sample-byte.ts";

export interface WriteBytesOptions extends ByteSamplingOptions {
  /** What predicts the next byte; it has read the prompt. */
  readonly reader: ByteReader;
  /** What the text begins with, as the reader has it. */
  readonly prompt: Uint8Array;
  /** A character that is begun is finished. @default 240 */
  readonly maxBytes?: number;
  /** @default 0 */
  readonly seed?: number;
  readonly onByte?: (byte: number) => void;
  readonly job?: Job;
}

export interface WrittenBytes {
  /** Without the prompt. With it they are whole characters, but for a text that ends where the context is full. */
  readonly bytes: Uint8Array;
  /** The end of the text was drawn, `maxBytes` were written, or the model's context is full. */
  readonly endedBy: "stop" | "length" | "context";
}

/**
 * Continues a text byte by byte. The prompt may end anywhere: what follows does not depend on how the prompt alone would be
 * written in tokens. The same seed gives the same bytes.
 * @throws RevocabError `context_too_long` for a prompt that fills the context; what the reader throws
 */
export async function writeBytes({
  reader,
  prompt,
  maxBytes = 240,
  seed = 0,
  onByte,
  job,
  ...sampling
}: WriteBytesOptions): Promise<WrittenBytes> {
  const bytes: number[] = [];
  let state = utf8StateAfter(0, prompt);
  const written = (endedBy: WrittenBytes["endedBy"]): WrittenBytes => ({
    bytes: Uint8Array.from(bytes),
    endedBy,
  });
  while (bytes.length < maxBytes || state !== 0) {
    throwIfAborted(job?.abortSignal);
    const drawn = randomStream(seed, bytes.length).uniform();
    const byte = await drawByte(reader, (next) => sampleByte(next, sampling, state, drawn));
    if (byte === "context") {
      if (bytes.length === 0) throw noRoom(prompt.length);
      return written("context");
    }
    if (byte === undefined) throw nothingToDraw(prompt.length + bytes.length);
    if (byte === END) return written("stop");
    bytes.push(byte);
    state = utf8StateAfter(state, Uint8Array.of(byte));
    onByte?.(byte);
    await reader.push(byte);
    await setImmediate(); // let a signal arrive
  }
  return written("length");
}

/** Reads no more than it takes to know the byte: most bytes are decided by one or two sequences of tokens. */
async function drawByte(
  reader: ByteReader,
  sample: (next: NextByte) => SampledByte,
): Promise<number | undefined | "context"> {
  for (const tolerance of TOLERANCES) {
    const next = await reader.next(tolerance);
    if (next === undefined) return "context";
    const { value, isCertain } = sample(next);
    if (isCertain || tolerance === undefined) return value;
  }
  return undefined;
}

/** The last is the reader's own. */
const TOLERANCES = [0.2, 0.05, 0.01, 1e-3, 1e-4, 1e-5, undefined];

function noRoom(bytes: number): RevocabError {
  return new RevocabError("context_too_long", `the prompt of ${bytes} bytes fills the model's context`, {
    hint: "give a shorter prompt",
  });
}

function nothingToDraw(bytes: number): RevocabError {
  return new RevocabError("bad_text", `no byte that UTF-8 allows has a probability after ${bytes} bytes`, {
    hint: "the models agree on no byte here; draw from their weighted mean, not that of logarithms",
  });
}
