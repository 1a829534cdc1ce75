import type { InitMethod, Job } from "@revocab/core";
import { type LeaveOut, leaveOut } from "@revocab/measure";
import type { OpenModel, Recipe, RecipeMethod } from "@revocab/plan";
import type { Tokenizer } from "@revocab/vocabulary";

/** The methods of a recipe as one; undefined where they need more than the vocabularies and the tables. */
export type MethodOfRecipe = (methods: readonly RecipeMethod[]) => Promise<InitMethod | undefined>;

export interface ReviewLeaveOutOptions {
  readonly source: OpenModel;
  readonly target: Tokenizer;
  readonly recipe: Pick<Recipe, "methods" | "seed" | "role">;
  readonly method: InitMethod;
  readonly job?: Job;
}

/** How well the method of a swap meets rows that are known, and the tokens that it meets worst. */
export function reviewLeaveOut({
  source: { checkpoint, readable },
  target,
  recipe,
  method,
  job,
}: ReviewLeaveOutOptions): Promise<LeaveOut> {
  return leaveOut({
    source: {
      tokenizer: readable,
      // a tied model has one table: the recipe says by which role
      tables: checkpoint.tables.map((table) => ({ ...table, role: recipe.role ?? table.role })),
      rotary: checkpoint.rotary,
    },
    target,
    method,
    seed: recipe.seed,
    initializerRange: checkpoint.initializerRange,
    worst: WORST,
    job,
  });
}

const WORST = 50;
