import type { OpenModel } from "./model/open-model.ts";
import type { SwapPlan } from "./swap-plan.ts";

/** Every tensor once; a tied head, stored again or not, counts as the input table it is. */
export function countParameters(
  plan: SwapPlan,
  { checkpoint }: OpenModel,
): { readonly before: number; readonly after: number } {
  const copies = new Set(
    checkpoint.tables.flatMap(({ tensors }) => tensors.slice(1).map(({ entry }) => entry.name)),
  );
  let before = 0;
  for (const { tensors } of checkpoint.files) {
    for (const { name, shape } of tensors) if (!copies.has(name)) before += shape.reduce((a, b) => a * b, 1);
  }
  const columns = new Map(checkpoint.tables.map(({ slot, matrix }) => [slot, matrix.columns]));
  const width = (slot: string) => columns.get(slot) ?? columns.get("input") ?? 0;
  const old = checkpoint.tables.reduce((sum, { matrix }) => sum + matrix.rows * matrix.columns, 0);
  const now = plan.tables.reduce((sum, { slot }) => sum + plan.target.rows * width(slot), 0);
  return { before, after: before - old + now };
}
