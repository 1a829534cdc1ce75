import { type Job, RevocabError, throwIfAborted } from "@revocab/core";
import type { BeginChoice, SkippedDocument } from "@revocab/evaluation";
import { type ReadingContext, readingContext, type TokenStream } from "@revocab/evaluation/internal";
import type { Tokenizer } from "@revocab/vocabulary";
import { openReader } from "./byte-reader.ts";
import type { ContinuingModel, ReadingCost } from "./kept-passes.ts";

/** A model that votes. */
export interface Voter {
  readonly model: ContinuingModel;
  readonly tokenizer: Tokenizer;
}

export interface ReadTogetherOptions {
  readonly voters: readonly Voter[];
  /** Each is read on its own. */
  readonly documents: readonly string[];
  /** Tokens in a window, at least 2. @default 512, or a model's own if that is less */
  readonly context?: number;
  /** Whether a BOS stands before a document. @default "auto": if the tokenizer adds one */
  readonly bos?: BeginChoice;
  readonly job?: Job;
}

export interface ReadTogether {
  /** Of the documents that were read. */
  readonly bytes: number;
  /** Bytes that all models predict: where one has no BOS, nothing predicts the first token of a document. */
  readonly predictedBytes: number;
  /** Documents that some tokenizer cannot write; no figure counts them. */
  readonly skippedDocuments: readonly SkippedDocument[];
  /** For each of the models. */
  readonly costs: readonly ReadingCost[];
}

/**
 * What several models say of every byte of the same documents.
 * @param use gets [257] of each model for one byte, and the byte itself
 * @throws RevocabError `bad_text` if no document is left with a byte to predict, `bad_options`, `not_finite`, `aborted`
 */
export async function readTogether(
  { voters, documents, context = DEFAULT_CONTEXT, bos, job }: ReadTogetherOptions,
  use: (rows: readonly Float64Array[], byte: number) => void,
): Promise<ReadTogether> {
  const contexts: ReadingContext[] = [];
  for (const voter of voters) contexts.push(await readingContext({ ...voter, bos, job }));
  const { readable, skippedDocuments } = await readableDocuments(contexts, voters, documents, job);
  const total = readable.reduce((sum, { bytes, first }) => sum + bytes.length - first, 0);
  if (total === 0) throw nothingToRead(documents.length, skippedDocuments);
  const costs = voters.map(() => ({ passes: 0, tokens: 0 }));
  let done = 0;
  for (const { bytes, first } of readable) {
    const prompt = bytes.subarray(0, first);
    const readers = [];
    for (const [i, { model, tokenizer }] of voters.entries()) {
      const window = Math.min(context, model.contextLength);
      readers.push(
        await openReader(contexts[i], { model, tokenizer, window, tolerance: EXACT, job }, prompt),
      );
    }
    for (const byte of bytes.subarray(first)) {
      const rows: Float64Array[] = [];
      // In windows a text has no end, so there is a row for every byte.
      for (const reader of readers) rows.push((await reader.next())!.probabilities);
      use(rows, byte);
      for (const reader of readers) await reader.push(byte);
      done++;
      if (done % REPORTED_AT_ONCE !== 0 && done !== total) continue;
      job?.onProgress?.({ type: "progress", step: "score bytes", done, total, unit: "bytes" });
    }
    for (const [i, { cost }] of readers.entries()) {
      costs[i].passes += cost.passes;
      costs[i].tokens += cost.tokens;
    }
  }
  const bytes = readable.reduce((sum, document) => sum + document.bytes.length, 0);
  return { bytes, predictedBytes: total, skippedDocuments, costs };
}

/** The little that is unread may be all that an improbable byte has: its logarithm would be −∞. */
const EXACT = 0;

const DEFAULT_CONTEXT = 512;
const REPORTED_AT_ONCE = 64;

interface ReadableDocument {
  readonly bytes: Uint8Array;
  /** The first byte that all models predict: behind the first token of a model without BOS. */
  readonly first: number;
}

async function readableDocuments(
  contexts: readonly ReadingContext[],
  voters: readonly Voter[],
  documents: readonly string[],
  job: Job | undefined,
): Promise<{
  readonly readable: readonly ReadableDocument[];
  readonly skippedDocuments: readonly SkippedDocument[];
}> {
  const readable: ReadableDocument[] = [];
  const skippedDocuments: SkippedDocument[] = [];
  for (const [index, document] of documents.entries()) {
    throwIfAborted(job?.abortSignal);
    const bytes = new TextEncoder().encode(document);
    try {
      let first = 0;
      for (const [i, context] of contexts.entries()) {
        const stream = await context.streamOf(bytes);
        if (context.begin.length === 0) first = Math.max(first, firstTokenBytes(voters[i], stream));
      }
      readable.push({ bytes, first });
    } catch (error) {
      if (!(error instanceof RevocabError) || !/^(bad|unknown)_text$/.test(error.code)) throw error;
      skippedDocuments.push({ index, bytes: bytes.length, reason: error.message });
    }
  }
  return { readable, skippedDocuments };
}

function firstTokenBytes({ tokenizer }: Voter, { tokens, lead }: TokenStream): number {
  return tokens.length === 0 ? 0 : tokenizer.vocabulary.bytesOf(tokens[0]).length - lead;
}

function nothingToRead(documents: number, skipped: readonly SkippedDocument[]): RevocabError {
  const [first] = skipped;
  return new RevocabError(
    "bad_text",
    first === undefined
      ? `found ${documents} documents with no byte to predict, expected some`
      : `found ${skipped.length} of ${documents} documents that some tokenizer changes or cannot write, and no byte to predict in the others; the first: ${first.reason}`,
    { hint: "give a text that the tokenizers of all models write as it is" },
  );
}
