import type { Alignment } from "@revocab/core";
import type { Participants } from "./model.ts";
import type { Corpus } from "./read-corpus.ts";

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
