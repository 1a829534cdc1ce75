import { basename } from "node:path";
import {
  type Alignment,
  type EncodeText,
  type Job,
  mapAhead,
  RevocabError,
  type TokenId,
  throwIfAborted,
  type Vocabulary,
} from "@revocab/core";
import { linesOfText } from "@revocab/files";
import { randomStream } from "@revocab/matrix";

/** Lines of tokens, one after the other. */
export interface Corpus {
  /** [tokens] */
  readonly tokens: Uint32Array;
  /** [lines + 1] where each line begins. */
  readonly offsets: Uint32Array;
}

export interface ReadCorpusOptions {
  readonly vocabulary: Vocabulary;
  readonly encode: EncodeText;
  readonly job?: Job;
}

/**
 * The lines of a UTF-8 file as ids of the tokenizer's text and byte tokens. Specials, such as unk, are left out, and so are lines
 * of nothing else. Memory: 4 bytes a token.
 * @throws RevocabError `missing_file`, `bad_text`; `no_evidence` when no line has a token
 */
export async function readCorpus(
  path: string,
  { vocabulary, encode, job }: ReadCorpusOptions,
): Promise<Corpus> {
  const [tokens, offsets] = [new Numbers(), new Numbers()];
  let specials = 0;
  offsets.push(0);
  for await (const [line, ids] of mapAhead(linesOfText(path), encode)) {
    throwIfAborted(job?.abortSignal);
    if (line.trim() === "") continue;
    for (const id of ids) {
      if (isWritten(vocabulary, id)) tokens.push(id);
      else specials++;
    }
    if (tokens.length > offsets.last) offsets.push(tokens.length);
  }
  if (tokens.length === 0) throw withoutTokens(path, specials);
  return { tokens: tokens.toArray(), offsets: offsets.toArray() };
}

function isWritten(vocabulary: Vocabulary, id: TokenId): boolean {
  const kind = vocabulary.kindOf(id);
  return kind === "text" || kind === "byte";
}

function withoutTokens(path: string, specials: number): RevocabError {
  const found =
    specials === 0
      ? "has no text"
      : `is unknown to the target's tokenizer: all of its ${specials} tokens are specials`;
  return new RevocabError("no_evidence", `${basename(path)} ${found}`, {
    hint: "give text in the language, and the script, that the target's tokenizer is for",
  });
}

/** A list of 32-bit numbers that grows. A class, because its array is replaced as it grows. */
class Numbers {
  #values = new Uint32Array(1 << 16);
  length = 0;

  get last(): number {
    return this.#values[this.length - 1];
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = new Uint32Array(2 * this.length);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length++] = value;
  }

  toArray(): Uint32Array {
    return this.#values.slice(0, this.length);
  }
}

/**
 * Holds a share of the lines out of training. Whether a line is held out depends on the seed and its number alone.
 * @param share in [0, 1)
 */
export function splitCorpus(
  corpus: Corpus,
  share: number,
  seed: number,
): { training: Corpus; heldOut: Corpus } {
  const lines = corpus.offsets.length - 1;
  const isHeldOut = Uint8Array.from({ length: lines }, (_, line) =>
    Number(randomStream(seed, line, PURPOSE).uniform() < share),
  );
  return {
    training: linesWhere(corpus, (line) => isHeldOut[line] === 0),
    heldOut: linesWhere(corpus, (line) => isHeldOut[line] === 1),
  };
}

const PURPOSE = 0x5e1d0;

function linesWhere({ tokens, offsets }: Corpus, isChosen: (line: number) => boolean): Corpus {
  const lines = Array.from({ length: offsets.length - 1 }, (_, line) => line).filter(isChosen);
  const chosen = new Uint32Array(lines.reduce((sum, line) => sum + offsets[line + 1] - offsets[line], 0));
  const starts = new Uint32Array(lines.length + 1);
  lines.forEach((line, i) => {
    chosen.set(tokens.subarray(offsets[line], offsets[line + 1]), starts[i]);
    starts[i + 1] = starts[i] + offsets[line + 1] - offsets[line];
  });
  return { tokens: chosen, offsets: starts };
}

/** The tokens of a text that take part, by their number. */
export interface Participants {
  /** [participants] target ids, ascending. */
  readonly tokens: Uint32Array;
  /** [participants] the source token that is the same, or −1 for a new token. */
  readonly sources: Int32Array;
  /** [participants] the row of A₁ of a new token, or −1. */
  readonly newRows: Int32Array;
  /** [n] target ids by row of A₁. */
  readonly newTokens: Uint32Array;
}

export interface NumberedCorpus {
  readonly participants: Participants;
  /** [participants] how often each stands in the training lines. */
  readonly counts: Uint32Array;
  /** Lines of numbers of participants. */
  readonly training: Corpus;
  /** The same of the lines held out, without tokens that no training line has. */
  readonly heldOut: Corpus;
}

/** Numbers the tokens of the training lines, in the order of their ids. */
export function numberParticipants(
  training: Corpus,
  heldOut: Corpus,
  { sourceOf }: Pick<Alignment, "sourceOf">,
): NumberedCorpus {
  const countOf = new Uint32Array(sourceOf.length);
  for (const id of training.tokens) countOf[id]++;
  const tokens = Uint32Array.from(countOf.keys()).filter((id) => countOf[id] > 0);
  const sources = Int32Array.from(tokens, (id) => sourceOf[id]);
  const newTokens = tokens.filter((id) => sourceOf[id] < 0);
  let next = 0;
  const newRows = sources.map((source) => (source < 0 ? next++ : -1));
  const numberOf = new Int32Array(sourceOf.length).fill(-1);
  tokens.forEach((id, number) => {
    numberOf[id] = number;
  });
  return {
    participants: { tokens, sources, newRows, newTokens },
    counts: Uint32Array.from(tokens, (id) => countOf[id]),
    training: renumbered(training, numberOf),
    heldOut: renumbered(heldOut, numberOf),
  };
}

function renumbered({ tokens, offsets }: Corpus, numberOf: Int32Array): Corpus {
  const kept = new Uint32Array(tokens.length);
  const starts = new Uint32Array(offsets.length);
  let length = 0;
  for (let line = 0; line + 1 < offsets.length; line++) {
    for (let i = offsets[line]; i < offsets[line + 1]; i++) {
      if (numberOf[tokens[i]] >= 0) kept[length++] = numberOf[tokens[i]];
    }
    starts[line + 1] = length;
  }
  return { tokens: kept.subarray(0, length), offsets: starts };
}
