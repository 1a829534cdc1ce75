import type { Architecture, Layout } from "./architectures.ts";
import { isOfOtherPart } from "./other-dimension.ts";

/** The tensors of a model that a layout names, by slot, the preferred name first. */
export interface NamedSlots {
  readonly layout: Layout;
  readonly namesBySlot: ReadonlyMap<string, readonly string[]>;
}

/**
 * Which layout a model has, and which tensors that names: one of `layouts`, or of `otherLayouts` where only they name
 * input embeddings; undefined when none names an input or an output table.
 */
export function chooseLayout(
  { layouts, otherLayouts }: Pick<Architecture, "layouts" | "otherLayouts">,
  tensorNames: Iterable<string>,
): NamedSlots | undefined {
  const names = [...tensorNames];
  const expected = bestFit(layouts, names);
  if (expected?.namesBySlot.has("input")) return expected;
  const other = bestFit(
    otherLayouts,
    names.filter((name) => !isOfOtherPart(name)),
  );
  return other?.namesBySlot.has("input") ? other : (expected ?? other);
}

/** The layout that names most of the tensors there are, one with input embeddings first; the first wins a draw. */
function bestFit(layouts: readonly Layout[], names: readonly string[]): NamedSlots | undefined {
  const present = new Set(names);
  let best: NamedSlots | undefined;
  let bestScore = 0;
  for (const layout of layouts) {
    const namesBySlot = new Map<string, readonly string[]>();
    for (const [slot, patterns] of Object.entries(layout)) {
      const found = patterns.flatMap((pattern) => matching(pattern, names, present));
      if (found.length > 0) namesBySlot.set(slot, found);
    }
    if (!namesBySlot.has("input") && !namesBySlot.has("output")) continue;
    const score = [...namesBySlot.values()].flat().length + (namesBySlot.has("input") ? 1000 : 0);
    if (score > bestScore) {
      best = { layout, namesBySlot };
      bestScore = score;
    }
  }
  return best;
}

function matching(
  pattern: string,
  names: readonly string[],
  present: ReadonlySet<string>,
): readonly string[] {
  if (!pattern.includes("*")) return present.has(pattern) ? [pattern] : [];
  const expression = new RegExp(`^${pattern.replaceAll(".", "\\.").replace("*", "[^.]+")}$`);
  return names.filter((name) => expression.test(name));
}
