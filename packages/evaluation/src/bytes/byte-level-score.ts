import { type Job, type ProgressListener, RevocabError, throwIfAborted } from "@revocab/core";
import type { TokenStream } from "./cover-tree.ts";
import { type DocumentByteScore, readDocuments } from "./read-document.ts";
import { type ByteReadingOptions, type ReadingContext, readingContext } from "./reading-context.ts";

export interface ByteLevelScoreOptions extends ByteReadingOptions {
  /** Each is scored on its own. */
  readonly documents: readonly string[];
  /** Tokens in a window, at least 2. @default 512, or the model's own if that is less */
  readonly context?: number;
  /**
   * Whether to give the probability of every byte, not only the sum. The sum takes a forward pass or two for each document, as
   * the token score does; with every byte it takes about one pass for every second byte.
   * @default false
   */
  readonly perByte?: boolean;
  readonly job?: Job;
}

export interface ByteLevelScore {
  /** Σ −log2 P(byte | bytes before) ÷ all bytes of the documents that could be scored. */
  readonly bitsPerByte: number;
  /** Σ −log2 p of the tokenizer's own tokens ÷ all bytes: the score of the function `bitsPerByte`. Never below the figure above. */
  readonly tokenBitsPerByte: number;
  readonly bytes: number;
  /** Mean probability, before each of the tokenizer's own tokens, of tokens that the tokenizer would not write there. */
  readonly invalidMass: number;
  /** The documents that could be scored, in their order. */
  readonly documents: readonly (DocumentByteScore & {
    /** Its index among the documents given. */
    readonly index: number;
  })[];
  /** Documents that could not be scored; no figure counts them. */
  readonly skippedDocuments: readonly SkippedDocument[];
  /** Forward passes of the model, in sequences. */
  readonly passes: number;
}

/**
 * A document whose tokens stand for other bytes than its own. It has a character that the tokenizer cannot write, the string of
 * a special token, or something that the normalizer changes (case, Unicode form).
 */
export interface SkippedDocument {
  /** Its index among the documents given. */
  readonly index: number;
  readonly bytes: number;
  readonly reason: string;
}

/**
 * How well a model of tokens predicts the bytes of texts: the sum over sequences of tokens of {@link byteDistributions}, for
 * all prefixes of a text in one walk. The score of tokens counts one way to write the text; this one counts all valid ways.
 *
 * The windows are those of the token score (each starts with the last token of the one before), so the tokenizer's own tokens
 * have the same probability in both. They are one of the sequences of the sum: the bits are never more than those of tokens.
 * @throws RevocabError `bad_text` if no document is left with a byte to predict, `bad_options`, `shape_mismatch`, `unsupported_tokenizer`, `not_finite`, `aborted`
 */
export async function byteLevelScore({
  documents,
  model,
  context = Math.min(model.contextLength, DEFAULT_CONTEXT),
  perByte = false,
  job,
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
    job,
  });
  const { streams, skippedDocuments } = await readableDocuments(shared, documents, job?.abortSignal);
  const scores: ByteLevelScore["documents"][number][] = [];
  let passes = 0;
  let bytes = 0;
  let removed = 0;
  let steps = 0;
  const onToken = tokenCounter(shared, streams, job?.onProgress);
  for (const group of groupsOf(streams)) {
    const own = group.map(({ stream }) => stream);
    const read = await readDocuments(shared, own, { model, context, perByte, job, onToken });
    passes += read.passes;
    for (const [i, { score, removed: more, steps: counted }] of read.readings.entries()) {
      const { index, stream } = group[i] as ReadableDocument;
      scores.push({ index, ...score });
      bytes += stream.bytes.length - stream.lead;
      removed += more;
      steps += counted;
    }
  }
  const total = (of: (score: DocumentByteScore) => number) =>
    scores.reduce((sum, score) => sum + of(score), 0);
  if (steps === 0) throw nothingToScore(documents.length, skippedDocuments);
  return {
    bitsPerByte: total(({ bits }) => bits) / bytes,
    tokenBitsPerByte: total(({ tokenBits }) => tokenBits) / bytes,
    bytes,
    invalidMass: removed / steps,
    documents: scores,
    skippedDocuments,
    passes,
  };
}

const DEFAULT_CONTEXT = 512;

interface ReadableDocument {
  readonly index: number;
  readonly stream: TokenStream;
}

/** Documents that are read together: the states of about a hundred kilobytes of text are held at once. */
function* groupsOf(streams: readonly ReadableDocument[]): Generator<ReadableDocument[]> {
  let group: ReadableDocument[] = [];
  let bytes = 0;
  for (const document of streams) {
    group.push(document);
    bytes += document.stream.bytes.length;
    if (bytes < GROUP_BYTES) continue;
    yield group;
    [group, bytes] = [[], 0];
  }
  if (group.length > 0) yield group;
}

const GROUP_BYTES = 100_000;

async function readableDocuments(
  shared: ReadingContext,
  documents: readonly string[],
  abortSignal: AbortSignal | undefined,
): Promise<{
  readonly streams: readonly ReadableDocument[];
  readonly skippedDocuments: readonly SkippedDocument[];
}> {
  const streams: ReadableDocument[] = [];
  const skippedDocuments: SkippedDocument[] = [];
  for (const [index, document] of documents.entries()) {
    throwIfAborted(abortSignal);
    try {
      streams.push({ index, stream: await shared.streamOf(document) });
    } catch (error) {
      if (!(error instanceof RevocabError) || !isOfText(error)) throw error;
      skippedDocuments.push({ index, bytes: Buffer.byteLength(document), reason: error.message });
    }
  }
  return { streams, skippedDocuments };
}

/** True for bytes that are no text, and for a text that the tokenizer changes or cannot write. */
function isOfText({ code }: RevocabError): boolean {
  return code === "bad_text" || code === "unknown_text";
}

/** Reports every 16 tokens, and the last one. */
function tokenCounter(
  { begin }: ReadingContext,
  streams: readonly ReadableDocument[],
  onProgress: ProgressListener | undefined,
): () => void {
  const given = begin.length > 0 ? 0 : 1;
  const total = streams.reduce((sum, { stream }) => sum + Math.max(0, stream.tokens.length - given), 0);
  let done = 0;
  return () => {
    done++;
    if (done % REPORTED_AT_ONCE !== 0 && done !== total) return;
    onProgress?.({ type: "progress", step: "score bytes", done, total, unit: "tokens" });
  };
}

const REPORTED_AT_ONCE = 16;

function nothingToScore(documents: number, skipped: readonly SkippedDocument[]): RevocabError {
  if (skipped.length === 0) {
    return new RevocabError(
      "bad_text",
      `found ${documents} documents with no byte to predict, expected some`,
      {
        hint: "give a longer text",
      },
    );
  }
  return new RevocabError(
    "bad_text",
    `found ${skipped.length} of ${documents} documents that the tokenizer changes and no byte to predict in the others; the first: ${skipped[0].reason}`,
    { hint: "bits per byte by tokens (without `byteLevel`) can score such text, and reports what it loses" },
  );
}
