import type { Reply } from "@revocab/guarded-process";
import type { Answers, BatchAnswer, BatchType } from "./messages.ts";
import { unpackIds } from "./packed-ids.ts";

/** A batch's answer as replies to its items, in their order. */
export function unpackAnswer(answer: BatchAnswer): readonly Reply<Answers[BatchType]>[] {
  if (answer.type === "each") return answer.replies;
  const { refusals } = answer;
  const reply = <Answer>(found: Answer, place: number): Reply<Answer> => {
    const refusal = refusals.get(place);
    return refusal === undefined ? { answer: found } : { refusal };
  };
  if (answer.type === "encode") return unpackIds(answer.texts).map(reply);
  const words = unpackIds(answer.words);
  let start = 0;
  return Array.from(answer.counts, (count, place) => {
    start += count;
    return reply(words.slice(start - count, start), place);
  });
}
