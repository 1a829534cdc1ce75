import type { InitMethod } from "@revocab/core";
import type { RecipeMethod } from "@revocab/plan";
import { renderHtml } from "@revocab/report-document";
import type { ReviewSwapOptions, SwapReview } from "@revocab/swap-review";
import type { Command } from "commander";
import { quickCatalog } from "../catalog.ts";
import { inFlags } from "../in-flags.ts";
import { withBlocks } from "../present/with-blocks.ts";
import { withResolvedModels } from "../resolve-models.ts";
import { type CommandContext, runCommand } from "../run-command.ts";
import { checkPagePlace, PAGE_HELP, pageLines, writePage } from "../write-page.ts";
import { type ModelFlags, modelOptions, withModelOptions } from "./options/inputs.ts";
import { type ScoringFlags, scoringOptions, withScoringOptions } from "./options/scoring.ts";
import { wholeNumber, withRunning, withThreads } from "./options/values.ts";

interface Flags extends ModelFlags, ScoringFlags {
  readonly source?: string;
  readonly text?: string;
  readonly html?: string;
  readonly seed: number;
}

export function registerReport(program: Command): void {
  const command = program
    .command("report")
    .summary("show what a swap did, as a page with --html")
    .description(
      "Show what a swap did: where rows come from, norms, nearest rows, what it costs and where, config, checks.",
    )
    .argument("<model-or-plan>", "a model folder that revocab wrote, or a file that revocab plan wrote")
    .option(
      "--source <model>",
      "the model before the swap, to compare with: a folder, or a repository of the Hub",
    )
    .option("--text <file>", "a UTF-8 text: score it before and after, token by token")
    .option("--html <file>", PAGE_HELP)
    .option("--seed <n>", "which rows are drawn, and which tokens masked", wholeNumber(0), 0);
  withModelOptions(
    withRunning(withThreads(withScoringOptions(command), "threads of the runtime (all cores)")),
  ).action(async (subject: string, flags: Flags) => {
    const { presentReview, reviewPage } = await import("../present/present-review.ts");
    await runCommand(
      command,
      async (context) => {
        if (flags.html !== undefined) await checkPagePlace(flags.html);
        const review = await reviewed(subject, flags, context);
        if (flags.html !== undefined) {
          await writePage(flags.html, renderHtml(reviewPage(review), { words: inFlags }));
        }
        return review;
      },
      (review) => withBlocks(presentReview(review), ...pageLines(flags.html)),
      { readsOnly: flags.html === undefined },
    );
  });
}

async function reviewed(
  subject: string,
  { source, text, seed, ...flags }: Flags,
  context: CommandContext,
): Promise<SwapReview> {
  const { reviewSwap } = await import("@revocab/swap-review");
  const options: ReviewSwapOptions = {
    subject,
    seed,
    ...modelOptions(flags),
    ...(text !== undefined && { evaluate: { text, samplesSeed: seed, ...scoringOptions(flags) } }),
    methodOf: methodOfRecipe,
    ...context,
  };
  if (source === undefined) return reviewSwap(options);
  return withResolvedModels(context, { source: { name: source, want: "model" } }, ({ paths }) =>
    reviewSwap({ ...options, ...paths }),
  );
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
