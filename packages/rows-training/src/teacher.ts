import type { Job, ScoreQuery } from "@revocab/core";
import type { ModelTables, OpenTransformer } from "@revocab/transformer-runtime";
import { pairedReading, type SharedStart } from "@revocab/vocab-alignment";
import type { Tokenizer } from "@revocab/vocabulary";
import { nextTokens } from "./next-tokens.ts";

/** The rows and the tokenizer that layers were trained with. */
export interface Teacher {
  readonly tables: ModelTables;
  readonly tokenizer: Tokenizer;
  /** Its own layers, for the objective `alm` alone. @default the layers that rows are trained for */
  readonly transformer?: OpenTransformer;
}

/** A passage in the new tokens, and in the teacher's. */
export interface TaughtQuery extends ScoreQuery {
  /** In the teacher's tokens. */
  readonly teacher: Uint32Array;
  /** Positions in both that have read the same text, and are about to read the same. */
  readonly shared: readonly SharedStart[];
}

/** @throws RevocabError as the tokenizers do */
export async function taughtQuery(
  passage: string,
  teacher: Teacher,
  tokenizer: Tokenizer,
  contextLength: number,
): Promise<TaughtQuery> {
  const { source, target, sharedStarts } = await pairedReading(
    passage,
    teacher.tokenizer,
    tokenizer,
    contextLength,
  );
  return { ...nextTokens(target), teacher: source, shared: sharedStarts };
}

/**
 * The teacher's final hidden states.
 * @returns for each query [shared × d]
 */
export async function teacherStates(
  transformer: OpenTransformer,
  { tables }: Teacher,
  queries: readonly TaughtQuery[],
  job: Job | undefined,
): Promise<Float32Array[]> {
  const { width: d } = transformer;
  const states = queries.map(({ shared }) => new Float32Array(shared.length * d));
  await transformer.read(
    [
      {
        input: tables.input,
        queries: queries.map(({ teacher, shared }) => ({
          tokens: teacher,
          positions: Uint32Array.from(shared, ({ sourcePosition }) => sourcePosition),
        })),
        async onStates({ blocks }) {
          for await (const block of blocks()) {
            let at = 0;
            for (const query of block.queries) {
              const own = states[query];
              own.set(block.states.subarray(at, at + own.length));
              at += own.length;
            }
          }
        },
      },
    ],
    job,
  );
  return states;
}
