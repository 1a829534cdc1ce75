import type { Job, LanguageModel, PositionQuery, TokenId } from "@revocab/core";
import { type CoverState, textTokensOf } from "./cover-tree.ts";

/** A state whose next token the model predicts, and what to do with the prediction. */
export interface StateQuestion {
  readonly state: CoverState;
  /** @param logProbabilities [V] natural logarithms, valid during the call */
  answer(logProbabilities: Float32Array): Promise<void>;
}

/**
 * The distribution of the next token after every state. One forward pass serves all states on one path, so there are as many
 * passes as paths. Distributions are handed on block by block: no more than 32 MB of them are held.
 * @param begin tokens before the text
 * @param windowStart the first token that the model reads of a sequence of `length` tokens, `begin` included
 * @returns the number of passes
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
    do positions += passes[end++].onPath.length;
    while (end < passes.length && positions + passes[end].onPath.length <= most);
    const block = passes.slice(start, end);
    const answers = await model.distributions(
      block.map(({ query }) => query),
      job,
    );
    for (const [i, { onPath }] of block.entries()) {
      for (const [row, { answer }] of onPath.entries()) {
        await answer(answers[i].subarray(row * V, (row + 1) * V));
      }
    }
  }
  return passes.length;
}

/** Numbers, of four bytes each. */
const ANSWERS_HELD = 2 ** 23;

interface Pass {
  readonly query: PositionQuery;
  /** The states that it answers for. */
  readonly onPath: readonly StateQuestion[];
}

function passesFor(
  questions: readonly StateQuestion[],
  begin: readonly TokenId[],
  windowStart: (length: number) => number,
): Pass[] {
  const open = new Map(questions.map((question) => [question.state, question]));
  const passes: Pass[] = [];
  // The longest first: its pass serves every shorter state on its path, as far back as the window goes.
  for (const { state: last } of [...questions].sort((a, b) => b.state.depth - a.state.depth)) {
    if (!open.has(last)) continue;
    const start = windowStart(begin.length + last.depth);
    const onPath: StateQuestion[] = [];
    for (let state: CoverState | undefined = last; state !== undefined; state = state.parent) {
      if (begin.length + state.depth <= start) break;
      const question = open.get(state);
      if (question === undefined) continue;
      onPath.push(question);
      open.delete(state);
    }
    onPath.reverse();
    passes.push({
      query: {
        tokens: Uint32Array.from([
          ...begin.slice(start),
          ...textTokensOf(last, begin.length + last.depth - Math.max(start, begin.length)),
        ]),
        positions: Uint32Array.from(onPath, ({ state }) => begin.length + state.depth - 1 - start),
      },
      onPath,
    });
  }
  return passes;
}
