import type { Job, LanguageModel, PositionQuery, TokenId } from "@revocab/core";
import { type CoverState, textTokensOf } from "./cover-tree.ts";

/** A state whose next token is asked for, and what is done with the answer. */
export interface StateQuestion {
  readonly state: CoverState;
  /** [V] natural logarithms, valid during the call. */
  answer(state: CoverState, logProbabilities: Float32Array): Promise<void>;
}

/**
 * Asks the model for what follows every state, with one pass for all states of one path: the passes are as many as the
 * ends of paths. The answers are given block by block, so that no more than 32 MB of them are held.
 * @param begin tokens before the text
 * @param windowStart where the model's window starts for a sequence of so many tokens, `begin` included
 * @returns how many passes were made
 */
export async function queryStates({
  model,
  questions,
  begin,
  windowStart,
  job,
}: {
  readonly model: LanguageModel;
  readonly questions: readonly StateQuestion[];
  readonly begin: readonly TokenId[];
  readonly windowStart: (length: number) => number;
  readonly job?: Job;
}): Promise<number> {
  const passes = passesFor(questions, begin, windowStart);
  const V = model.vocabularySize;
  const most = Math.max(1, Math.floor(ANSWERS_HELD / V));
  for (let start = 0, end = 0; start < passes.length; start = end) {
    let positions = 0;
    do positions += passes[end++].asked.length;
    while (end < passes.length && positions + passes[end].asked.length <= most);
    const block = passes.slice(start, end);
    const answers = await model.distributions(
      block.map(({ query }) => query),
      job,
    );
    for (const [i, { asked }] of block.entries()) {
      for (const [row, { state, answer }] of asked.entries()) {
        await answer(state, answers[i].subarray(row * V, (row + 1) * V));
      }
    }
  }
  return passes.length;
}

/** Numbers, of four bytes each. */
const ANSWERS_HELD = 2 ** 23;

interface Pass {
  readonly query: PositionQuery;
  readonly asked: readonly StateQuestion[];
}

function passesFor(
  questions: readonly StateQuestion[],
  begin: readonly TokenId[],
  windowStart: (length: number) => number,
): Pass[] {
  const open = new Map(questions.map((question) => [question.state, question]));
  const passes: Pass[] = [];
  // The longest first: a pass answers for every shorter state on its path that its window holds.
  for (const { state: last } of [...questions].sort((a, b) => b.state.depth - a.state.depth)) {
    if (!open.has(last)) continue;
    const start = windowStart(begin.length + last.depth);
    const asked: StateQuestion[] = [];
    for (let state: CoverState | undefined = last; state !== undefined; state = state.parent) {
      if (begin.length + state.depth <= start) break;
      const question = open.get(state);
      if (question === undefined) continue;
      asked.push(question);
      open.delete(state);
    }
    asked.reverse();
    passes.push({
      query: {
        tokens: Uint32Array.from([
          ...begin.slice(start),
          ...textTokensOf(last, begin.length + last.depth - Math.max(start, begin.length)),
        ]),
        positions: Uint32Array.from(asked, ({ state }) => begin.length + state.depth - 1 - start),
      },
      asked,
    });
  }
  return passes;
}
