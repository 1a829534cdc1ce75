import type { Job, LanguageModel, ScoreQuery } from "@revocab/core";

interface Options {
  readonly kind?: LanguageModel["kind"];
  readonly contextLength?: number;
  readonly vocabularySize: number;
}

/** A model whose probabilities are a function of the query and of the position asked for; it keeps what it was asked. */
export function handMadeModel(
  { kind = "causal", contextLength = 8, vocabularySize }: Options,
  logarithmOf: (tokens: Uint32Array, position: number, target: number) => number,
): LanguageModel & { readonly calls: (readonly ScoreQuery[])[]; readonly jobs: (Job | undefined)[] } {
  const calls: (readonly ScoreQuery[])[] = [];
  const jobs: (Job | undefined)[] = [];
  return {
    kind,
    contextLength,
    vocabularySize,
    calls,
    jobs,
    async score(queries, job) {
      calls.push(queries);
      jobs.push(job);
      return queries.map(({ tokens, positions, targets }) =>
        Float32Array.from(positions, (position, index) => logarithmOf(tokens, position, targets[index])),
      );
    },
    async distributions() {
      throw new Error("evaluation asks for single tokens only");
    },
  };
}

/** Every token is as likely as any other. */
export function uniformModel(options: Options): ReturnType<typeof handMadeModel> {
  return handMadeModel(options, () => -Math.log(options.vocabularySize));
}

/** p(target | token at the position), from a table [V × V]. */
export function bigramModel(table: readonly (readonly number[])[], contextLength?: number) {
  return handMadeModel({ vocabularySize: table.length, contextLength }, (tokens, position, target) =>
    Math.log(table[tokens[position]][target]),
  );
}
