import type { SwapEvaluation } from "@revocab/measure";
import type { CardFacts, CardOptions, cardFacts, modelCard, SwapReport } from "@revocab/report";
import { same } from "./same.js";

same<typeof modelCard, (report: SwapReport, options?: CardOptions) => string>();
same<typeof cardFacts, (card: string) => CardFacts>();

/** A report is plain data: what JSON makes of it, and what is null where nothing was measured. */
export function costOf({ evaluation, tables, parameters }: SwapReport): number {
  same<typeof evaluation, SwapEvaluation | null>();
  same<typeof parameters.after, number>();
  same<(typeof tables)[number]["origins"], Readonly<Record<string, number>>>();
  // @ts-expect-error: nothing may have been measured
  void evaluation.after;
  return evaluation?.after.tokens ?? 0;
}
