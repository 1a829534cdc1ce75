import type { InitMethod } from "@revocab/core";
import type { RecipeMethod } from "@revocab/plan";
import type { ReviewSwapOptions, SwapReview } from "@revocab/swap-review";
import { quickCatalog } from "./catalog.ts";
import { inFlags } from "./in-flags.ts";
import { writePage } from "./write-page.ts";

/** Reviews a swap, and writes the page of it where there is a path for it. */
export async function writeReview(
  options: Omit<ReviewSwapOptions, "methodOf">,
  page: string | undefined,
): Promise<SwapReview> {
  const { exploreSwap } = await import("@revocab/swap-review");
  const { renderPage } = await import("@revocab/report-page");
  const { reviewPage } = await import("./present/present-review.ts");
  const explored = await exploreSwap({ ...options, methodOf: methodOfRecipe });
  if (page !== undefined) await writePage(page, renderPage(reviewPage(explored), { words: inFlags }));
  return explored.review;
}

/** The methods of a recipe, tried in its order; undefined where one of them reads more than rows and vocabularies. */
async function methodOfRecipe(recipe: readonly RecipeMethod[]): Promise<InitMethod | undefined> {
  const { withFallback } = await import("@revocab/embedding-init");
  const known = await quickCatalog();
  const methods: InitMethod[] = [];
  for (const { name, options } of recipe) {
    const entry = Object.hasOwn(known, name) ? known[name] : undefined;
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null));
    const isComplete = entry?.options.safeParse(given).success ?? false;
    const method = isComplete ? entry?.create(given) : undefined;
    if (method === undefined || method.kind === "chain" || (method.needs ?? []).length > 0) return undefined;
    methods.push(method);
  }
  const [first, ...others] = methods;
  return first && withFallback(first, ...others);
}
