import type { LossByToken, LossComparison } from "@revocab/evaluation";
import {
  type ExploredSwap,
  exploreSwap,
  type ReviewedReport,
  readReport,
  reviewSwap,
  type SwapReview,
} from "@revocab/swap-review";
import { same } from "./same.js";

export async function reviews(): Promise<void> {
  const review = await reviewSwap({
    subject: "out/swapped",
    source: "sample/model",
    evaluate: { text: "sample/stories.txt", maxBytes: 1000 },
    methodOf: async () => undefined,
  });
  same<typeof review, SwapReview>();
  same<NonNullable<NonNullable<typeof review.evaluation>["byToken"]>["after"], LossByToken>();
  same<NonNullable<NonNullable<typeof review.evaluation>["byToken"]>["compared"], LossComparison | null>();
  // @ts-expect-error: what is reviewed must be named
  await reviewSwap({ source: "sample/model" });

  const explored = await exploreSwap({ subject: "out/swap.plan" });
  same<typeof explored, ExploredSwap>();
  same<typeof explored.review, SwapReview>();

  const report = await readReport("out/swapped");
  same<typeof report, ReviewedReport>();
  same<typeof report.target.rows, number>();
}
