import type { CorpusWords } from "./corpus-words.ts";
import type { EditSubject } from "./edit-subject.ts";
import type { LearnedJoins } from "./learn-joins.ts";
import type { ModelAdditions } from "./new-entries.ts";
import { scoreTable } from "./score-table.ts";
import { unigramAdditions } from "./unigram-additions.ts";

/**
 * Scores for learned pieces of a Unigram, by two rounds of "spell every word in the best way, count what was used, score it
 * by that" (hard EM). After the first round the `count` most used stay; a score is the logarithm of a piece's share of all
 * tokens, or just above its best other spelling if that is more, as it would else never be used.
 */
export function scoreLearned(
  subject: EditSubject,
  { words, tokens }: CorpusWords,
  candidates: LearnedJoins["pieces"],
  count: number,
): ModelAdditions {
  const { json, tokenizer } = subject;
  const texts = words.map(({ ids, count: times }) => ({
    text: Array.from(ids, (id) => tokenizer.vocabulary.tokenOf(id)).join(""),
    times,
  }));
  const recount = (pieces: LearnedJoins["pieces"]): LearnedJoins["pieces"] => {
    const table = scoreTable(json);
    for (const { piece, count: times } of pieces) table.set(piece, Math.log(times / tokens));
    const used = new Map(pieces.map(({ piece }) => [piece, 0]));
    for (const { text, times } of texts) {
      for (const piece of table.best(text).pieces) {
        const before = used.get(piece);
        if (before !== undefined) used.set(piece, before + times);
      }
    }
    return pieces.map(({ piece }) => ({ piece, count: used.get(piece)! })).filter((piece) => piece.count > 0);
  };
  const kept = [...recount(candidates)].sort((a, b) => b.count - a.count).slice(0, count);
  const usedOf = new Map(recount(kept).map(({ piece, count: times }) => [piece, times]));
  return unigramAdditions(
    subject,
    kept.map(({ piece, count: times }) => ({
      piece,
      atLeast: Math.log((usedOf.get(piece) ?? times) / tokens),
    })),
  );
}
