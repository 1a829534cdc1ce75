/** When training ends: by the clock, by tokens of text that were trained on, or by steps. */
export type TrainingBudget =
  | { readonly kind: "time"; readonly seconds: number }
  | { readonly kind: "tokens"; readonly tokens: number }
  | { readonly kind: "steps"; readonly steps: number };

/** How much of the budget is used, from 0 to 1. */
export function progressOf(
  budget: TrainingBudget,
  { steps, tokens, seconds }: { readonly steps: number; readonly tokens: number; readonly seconds: number },
): number {
  switch (budget.kind) {
    case "time":
      return Math.min(1, seconds / budget.seconds);
    case "tokens":
      return Math.min(1, tokens / budget.tokens);
    case "steps":
      return Math.min(1, steps / budget.steps);
  }
}

/** The share of the highest rate: it rises over the first 3 % and falls as half a cosine to a twentieth. */
export function rateAt(progress: number): number {
  if (progress < WARM_UP) return (progress + 0.003) / (WARM_UP + 0.003);
  const fallen = (progress - WARM_UP) / (1 - WARM_UP);
  return LAST + (1 - LAST) * 0.5 * (1 + Math.cos(Math.PI * fallen));
}

const WARM_UP = 0.03;
const LAST = 0.05;
