import { type Job, mapAhead, RevocabError, type ScoreQuery } from "@revocab/core";
import type { ModelShape } from "@revocab/evaluation";
import { type Evaluation, prepareScoring, type TextScoring } from "@revocab/evaluation";
import { passages } from "@revocab/files";
import { randomStream } from "@revocab/matrix";
import type { Tokenizer } from "@revocab/vocabulary";
import { type TaughtQuery, type Teacher, taughtQuery } from "./teacher.ts";

export interface TrainingText {
  /** What is trained on: window by window as `bitsPerByte` reads a text, or passages that a teacher reads, too. */
  readonly queries: readonly (ScoreQuery | TaughtQuery)[];
  /** Tokens to be predicted in one reading. */
  readonly tokens: number;
  readonly heldOut: TextScoring<Evaluation>;
  readonly heldOutBytes: number;
}

export interface PrepareTextOptions {
  readonly model: ModelShape;
  readonly tokenizer: Tokenizer;
  readonly documents: readonly string[];
  readonly context?: number;
  readonly heldOut: number;
  readonly seed: number;
  readonly teacher?: Teacher;
  readonly job?: Job;
}

/**
 * A text in tokens, a part of it kept to measure by: whole documents, or the end of a single one.
 * @throws RevocabError `bad_text` where nothing is left to train on or to measure by; `bad_options`; as `prepareScoring` does
 */
export async function prepareText({
  model,
  tokenizer,
  documents,
  context,
  heldOut: share,
  seed,
  teacher,
  job,
}: PrepareTextOptions): Promise<TrainingText> {
  if (!(share > 0 && share < 1)) {
    throw new RevocabError(
      "bad_options",
      `the share of the text that is kept to measure by is ${share}, expected a number above 0 and below 1`,
    );
  }
  const { kept, rest } = splitText(documents, { share, seed, most: MOST_HELD_OUT });
  const shared = { model, tokenizer, context, job };
  const all =
    teacher === undefined
      ? (await prepareScoring({ ...shared, documents: rest })).queries
      : await taughtQueries(rest, teacher, tokenizer, longestOf(model, context, teacher));
  const heldOut = await prepareScoring({ ...shared, documents: kept });
  const queries = all.filter(({ positions }) => positions.length > 0);
  const heldOutBytes = kept.reduce((sum, document) => sum + Buffer.byteLength(document), 0);
  return { queries, tokens: countTargets(queries), heldOut, heldOutBytes };
}

/** Tokens of a passage that both models can read. */
function longestOf(model: ModelShape, context: number | undefined, { transformer }: Teacher): number {
  return Math.min(context ?? model.contextLength, transformer?.contextLength ?? Number.POSITIVE_INFINITY);
}

async function taughtQueries(
  documents: readonly string[],
  teacher: Teacher,
  tokenizer: Tokenizer,
  context: number,
): Promise<TaughtQuery[]> {
  const queries: TaughtQuery[] = [];
  for await (const [, query] of mapAhead(documents.flatMap(passages), (passage) =>
    taughtQuery(passage, teacher, tokenizer, context),
  )) {
    queries.push(query);
  }
  return queries;
}

export function countTargets(queries: readonly ScoreQuery[]): number {
  return queries.reduce((sum, { targets }) => sum + targets.length, 0);
}

export interface SplitText {
  /** To measure by. */
  readonly kept: readonly string[];
  /** To train on. */
  readonly rest: readonly string[];
}

export interface SplitTextOptions {
  /** Of the bytes, those that are kept: above 0 and below 1. */
  readonly share: number;
  /** The most bytes that are kept. @default no bound */
  readonly most?: number;
  readonly seed: number;
}

/**
 * Documents by lot until their bytes are the share that is kept; of a few documents their last lines.
 * @throws RevocabError `bad_text` where nothing is left to train on or to measure by
 */
export function splitText(
  documents: readonly string[],
  { share, most = Number.POSITIVE_INFINITY, seed }: SplitTextOptions,
): SplitText {
  const pieces = documents.length >= FEW_DOCUMENTS ? documents : documents.flatMap(linesOf);
  const bytes = pieces.map((piece) => Buffer.byteLength(piece));
  const wanted = Math.min(most, share * bytes.reduce((sum, size) => sum + size, 0));
  const order =
    pieces === documents
      ? Array.from(pieces.keys(), (i) => ({ i, draw: randomStream(seed, i, PURPOSE).uniform() }))
          .sort((a, b) => a.draw - b.draw)
          .map(({ i }) => i)
      : [...pieces.keys()].reverse();
  const chosen = new Set<number>();
  let sum = 0;
  for (const i of order) {
    if (sum >= wanted) break;
    chosen.add(i);
    sum += bytes[i];
  }
  const kept = pieces.filter((_, i) => chosen.has(i));
  const rest = pieces.filter((_, i) => !chosen.has(i));
  if (rest.length === 0 || sum < LEAST_HELD_OUT) {
    throw new RevocabError(
      "bad_text",
      `found a text of ${bytes.reduce((total, size) => total + size, 0)} bytes in ${pieces.length} pieces, expected enough to keep ${LEAST_HELD_OUT} bytes of it to measure by and to train on the rest`,
      { hint: "give a longer text" },
    );
  }
  return pieces === documents ? { kept, rest } : { kept: [kept.join("")], rest: [rest.join("")] };
}

const FEW_DOCUMENTS = 8;
/** The share of a text that is held out. */
export const DEFAULT_HELD_OUT = 0.05;
/** Bytes. More would show nothing and take the time of training. */
export const MOST_HELD_OUT = 30_000;
const LEAST_HELD_OUT = 200;

/** "held" in ASCII */
const PURPOSE = 0x68656c64;

function linesOf(document: string): string[] {
  return document.split(/(?<=\n)/);
}

/** The text again and again, each time in another order, so many tokens at a time. */
export function* batchesOf(
  queries: readonly ScoreQuery[],
  tokens: number,
  seed: number,
): Generator<ScoreQuery[]> {
  let batch: ScoreQuery[] = [];
  let count = 0;
  for (let reading = 0; ; reading++) {
    const draws = queries.map((_, i) => randomStream(seed, i, ORDER + reading).uniform());
    const order = [...queries.keys()].sort((a, b) => draws[a] - draws[b]);
    for (const i of order) {
      const query = queries[i];
      if (count > 0 && count + query.targets.length > tokens) {
        yield batch;
        batch = [];
        count = 0;
      }
      batch.push(query);
      count += query.targets.length;
    }
  }
}

/** "text" in ASCII */
const ORDER = 0x74657874;
