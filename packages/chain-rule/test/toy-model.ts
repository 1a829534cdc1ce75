import type {
  EncodeText,
  InitContext,
  PositionQuery,
  SourceModel,
  StoredMatrix,
  Transformer,
  Vocabulary,
} from "@revocab/core";
import { randomStream, readMatrix } from "@revocab/matrix";

/** Text as a vocabulary's own spelling of its bytes; empty where it has none. */
export function spellingOf(vocabulary: Vocabulary): EncodeText {
  return async (text) => vocabulary.spell(new TextEncoder().encode(text)) ?? new Uint32Array(0);
}

/** A causal model without weights: a state is its token's input row and half of the state before, squashed, and a one. */
export function toyModel(context: InitContext, kind: Transformer["kind"] = "causal"): SourceModel {
  const { vocabulary, tables } = context.source;
  const target = context.target.vocabulary;
  const [input, output] = [tables[0].matrix, tables[1].matrix];
  const width = output.columns;
  const transformer: Transformer = {
    kind,
    contextLength: 64,
    width,
    readCosts: async () => ({ weights: 0, perToken: 1e-5 }),
    async read(requests) {
      for (const { input: table, queries, onStates } of requests) {
        const answers = statesOf(await readAll(table), queries);
        const [early, late] = [answers.slice(0, 2), answers.slice(2)];
        // in two parts, and not in the order of the queries
        for (const [first, part] of [
          [2, late],
          [0, early],
        ] as const) {
          await onStates({
            queries: part.map((_, i) => first + i),
            positions: part.reduce((sum, states) => sum + states.length / width, 0),
            async *blocks() {
              for (const [i, states] of part.entries()) yield { queries: [first + i], states };
            },
          });
        }
      }
    },
  };
  const statesOf = (rows: Float32Array, queries: readonly PositionQuery[]) =>
    queries.map(({ tokens, positions }) => {
      const states: Float32Array[] = [];
      tokens.forEach((token, at) => {
        const state = new Float32Array(width);
        for (let j = 0; j < width; j++) {
          const before = at === 0 ? 0 : states[at - 1][j];
          state[j] = Math.tanh(rows[token * input.columns + j] + 0.5 * before);
        }
        state[width - 1] = 1;
        states.push(state);
      });
      const asked = new Float32Array(positions.length * width);
      positions.forEach((position, i) => {
        asked.set(states[position], i * width);
      });
      return asked;
    });
  return {
    transformer,
    input,
    vocabulary,
    encode: spellingOf(vocabulary),
    async writeTexts({ tokens, seed }) {
      const ids = Array.from({ length: vocabulary.size }, (_, id) => id).filter(
        (id) => vocabulary.kindOf(id) === "text" && target.spell(vocabulary.bytesOf(id)) !== undefined,
      );
      return Array.from({ length: Math.ceil(tokens / TEXT_LENGTH) }, (_, i) => {
        const { uniform } = randomStream(seed, i);
        return Uint32Array.from({ length: TEXT_LENGTH }, () => ids[Math.floor(uniform() * ids.length)]);
      });
    },
  };
}

const TEXT_LENGTH = 20;

async function readAll(matrix: StoredMatrix): Promise<Float32Array> {
  return (await readMatrix(matrix, 0, matrix.rows)).data;
}

/** The context with a model that can be run and both tokenizers. */
export function withModel(context: InitContext, kind?: Transformer["kind"]): InitContext {
  const { source, target } = context;
  return {
    ...context,
    source: { ...source, encode: spellingOf(source.vocabulary), model: async () => toyModel(context, kind) },
    target: { ...target, encode: spellingOf(target.vocabulary) },
  };
}
