import { type Role, showNotes, type TablePlan } from "@revocab/core";
import type { DigitComparison } from "@revocab/vocab-alignment";
import type { AlignmentSummary, PlanTraining, Recipe, SwapPlan } from "./swap-plan.ts";

/** A plan in counts. */
export interface PlanSummary {
  readonly recipe: Recipe;
  readonly source: {
    readonly name: string;
    readonly modelType: string;
    readonly rows: number;
    readonly tied: boolean;
  };
  readonly target: { readonly name: string; readonly tokens: number; readonly rows: number };
  readonly alignment: AlignmentSummary;
  /** How source and target split numbers; plans of older files do not say. */
  readonly digits?: DigitComparison;
  readonly tables: readonly TableSummary[];
  readonly notes: readonly string[];
  /** Only where rows were trained. */
  readonly training?: PlanTraining;
}

export interface TableSummary {
  readonly slot: string;
  readonly role: Role;
  /** Number of rows by the method that initialized them. */
  readonly origins: Readonly<Record<string, number>>;
}

/** Counts rows by method, and leaves out weights and rows: what a report, a card and the command line show of a plan. */
export function summarizePlan({
  recipe,
  source,
  target,
  alignment,
  digits,
  tables,
  notes,
  training,
}: SwapPlan): PlanSummary {
  const { name, modelType, rows, tied } = source;
  return {
    recipe,
    source: { name, modelType, rows, tied },
    target: { name: target.name, tokens: target.tokens, rows: target.rows },
    alignment,
    ...(digits && { digits }),
    tables: tables.map(summarizeTable),
    notes: showNotes(notes),
    ...(training && { training }),
  };
}

function summarizeTable({ slot, role, origin, origins }: TablePlan): TableSummary {
  const counts = new Array<number>(origins.length).fill(0);
  for (const index of origin) counts[index] = (counts[index] as number) + 1;
  // a chain may have a method twice, for different tokens
  const byName = new Map<string, number>();
  origins.forEach((name, i) => {
    const count = counts[i] as number;
    if (count !== 0) byName.set(name, (byName.get(name) ?? 0) + count);
  });
  return { slot, role, origins: Object.fromEntries(byName) };
}
