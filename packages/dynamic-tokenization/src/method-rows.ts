import type { EmbeddingTable, InitContext, InitMethod } from "@revocab/core";
import {
  closeMethod,
  copyOverlap,
  initContext,
  mean,
  methodsOf,
  planTable,
  rowsOfPlan,
  type TextReader,
  withFallback,
} from "@revocab/embedding-init";
import type { RowProvider, RowRequest, TokenRows } from "./row-provider.ts";

export interface MethodRowsOptions {
  readonly method: InitMethod;
  /** The model. Where its tables have no head, the input serves both, or a method that tells them apart gives the head rows of its own. */
  readonly source: TextReader & Pick<InitContext["source"], "tables" | "model" | "rotary">;
  /** @default 0 */
  readonly seed?: number;
  /** The model's `initializer_range`. @default 0.02 */
  readonly initializerRange?: number;
}

/**
 * Rows by any method, as a swap to the merged vocabulary would initialize them. A token that the method has no row for gets the
 * mean. Methods such as the chain rule divide probabilities among all tokens, so that a row depends on the whole vocabulary.
 * @throws RevocabError when rows are asked for, as `planTable` does
 */
export function methodRows({
  method,
  source,
  seed = 0,
  initializerRange = 0.02,
}: MethodRowsOptions): RowProvider {
  const chain = withFallback(method, copyOverlap(), mean());
  const methods = methodsOf(method);
  const tables = withHead(
    source.tables,
    methods.some(({ differsByRole }) => differsByRole === true),
  );
  return {
    dependsOn: "vocabulary",
    changesOwn: methods.some(({ changesShared }) => changesShared),
    async rowsOf({ tokenizer, tokens, job }): Promise<TokenRows> {
      const context = initContext({
        source: { ...source, tables },
        target: tokenizer,
        sourceOf: ownTokens(tokenizer, source),
        extendsSource: true,
        seed,
        initializerRange,
        job,
      });
      const rowsIn = async (slot: string) => {
        const table = tables.find((each) => each.slot === slot);
        if (table === undefined) return undefined;
        const plan = await planTable({ context, method: chain, table, tokens: Uint32Array.from(tokens) });
        return rowsOfPlan(plan, table.matrix, job);
      };
      const [input, output, bias] = [
        await rowsIn("input"),
        await rowsIn("output"),
        await rowsIn("output.bias"),
      ];
      if (input === undefined) throw new RangeError("the source has no table of input rows");
      return { input, ...(output && { output }), ...(bias && { bias }) };
    },
    close: () => closeMethod(chain),
  };
}

/** The tables with rows of merged tokens. A tied head is one of them where its rows are to differ from those of the input. */
function withHead(tables: readonly EmbeddingTable[], isApart: boolean): readonly EmbeddingTable[] {
  const input = tables.find(({ slot }) => slot === "input");
  if (!isApart || input === undefined || tables.some(({ slot }) => slot === "output")) return tables;
  return [...tables, { slot: "output", role: "output", isBias: false, matrix: input.matrix }];
}

/** [V_t] each token of the model is itself, whatever other token has its bytes; the others are new. */
function ownTokens(
  { vocabulary: target }: RowRequest["tokenizer"],
  { vocabulary: source }: TextReader,
): Int32Array {
  const isOwn = (id: number) => id < source.size && source.kindOf(id) !== "unused";
  return Int32Array.from({ length: target.size }, (_, id) => (isOwn(id) ? id : NEW));
}

/** See `InitContextOptions.sourceOf`. */
const NEW = -2;
