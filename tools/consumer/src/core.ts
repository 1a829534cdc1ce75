import {
  type InitContext,
  type InitMethod,
  type LanguageModel,
  type Matrix,
  type Mixture,
  type MixtureMethod,
  type ProgressEvent,
  RevocabError,
  type RevocabErrorCode,
  type Role,
  type RowMethod,
  type StoredMatrix,
  type TablePlan,
  type TokenId,
  type Vocabulary,
} from "@revocab/core";
import { same } from "./same.js";

/** A failure is told apart by its code, and says what to do where it can. */
export function failures(error: unknown): string {
  if (!(error instanceof RevocabError)) throw error;
  same<typeof error.code, RevocabErrorCode>();
  same<typeof error.hint, string | undefined>();
  // @ts-expect-error: no such code
  if (error.code === "no_such_code") return "";
  return error.code === "needs_untie" ? error.message : (error.hint ?? "");
}

new RevocabError("bad_file", "found 3 rows, expected 4", { hint: "load both from one folder", cause: 1 });
// @ts-expect-error: a code comes first
new RevocabError("found 3 rows, expected 4");

/** Progress is a closed union: a renderer that knows these three is complete. */
export function progress(event: ProgressEvent): string {
  switch (event.type) {
    case "step":
      return event.step;
    case "progress":
      same<typeof event.unit, "bytes" | "rows" | "tokens">();
      return `${event.done} of ${event.total}`;
    case "note":
      return event.message;
    default:
      same<typeof event, never>();
      return event;
  }
}

/** A method of one's own: rows as sums of old rows, or rows as they are. */
export const first: MixtureMethod = {
  name: "first-row",
  kind: "mixture",
  weights: "convex",
  differsByRole: false,
  options: {},
  prepare: async ({ source, target, alignment, seed }: InitContext) => {
    same<typeof source.vocabulary, Vocabulary>();
    same<typeof target.vocabulary, Vocabulary>();
    same<typeof seed, number>();
    void alignment;
    return {
      mixture: (tokens: Uint32Array): Mixture => ({
        offsets: Uint32Array.from({ length: tokens.length + 1 }, (_, i) => i),
        sources: new Uint32Array(tokens.length),
        weights: new Float32Array(tokens.length).fill(1),
      }),
    };
  },
};
export const ones: RowMethod = {
  name: "ones",
  kind: "rows",
  differsByRole: false,
  options: {},
  prepare: async () => ({
    rows: (tokens, { matrix: { columns } }): Matrix => ({
      rows: tokens.length,
      columns,
      data: new Float32Array(tokens.length * columns).fill(1),
    }),
  }),
};
export const methods: readonly InitMethod[] = [first, ones];

// @ts-expect-error: weights are convex or signed
export const neither: MixtureMethod = { ...first, weights: "any" };

same<Role, "input" | "output">();
same<TokenId, number>();
same<TablePlan["role"], Role>();
same<TablePlan["mixture"], Mixture>();
same<StoredMatrix["dtype"], "F32" | "F16" | "BF16">();
same<LanguageModel["kind"], "causal" | "masked">();
same<ReturnType<Vocabulary["idOfRole"]>, TokenId | undefined>();
same<ReturnType<Vocabulary["spell"]>, Uint32Array | undefined>();
