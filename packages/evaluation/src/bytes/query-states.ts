import type { Job, LanguageModel, PositionQuery, TokenId } from "@revocab/core";
import { type CoverState, textTokensOf } from "./cover-tree.ts";

/** A state whose next token the model predicts, and what to do with the prediction. */
export interface StateQuestion {
  readonly state: CoverState;
  /** @param logProbabilities [V] natural logarithms, valid during the call */
  answer(logProbabilities: Float32Array): Promise<void>;
}

/**
 * The distribution of the next token after every state, of all documents at once. One forward pass serves all states on one path, so there are as many
 * passes as paths.
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
  await model.distributions(
    passes.map(({ query }) => query),
    async (pass, logarithms) => {
      for (const [row, { answer }] of (passes[pass] as Pass).onPath.entries()) {
        await answer(logarithms.subarray(row * V, (row + 1) * V));
      }
    },
    job,
  );
  return passes.length;
}

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
