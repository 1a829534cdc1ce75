import type { Layout } from "./architectures.ts";

/** The tensors of a model that a layout names, by slot, the preferred name first. */
export interface NamedSlots {
  readonly layout: Layout;
  readonly namesBySlot: ReadonlyMap<string, readonly string[]>;
}

/**
 * The layout that names most of the tensors there are, and which those are; undefined when none names an input
 * or an output table. The first wins a draw.
 */
export function chooseLayout(
  layouts: readonly Layout[],
  tensorNames: Iterable<string>,
): NamedSlots | undefined {
  const names = [...tensorNames];
  const present = new Set(names);
  let best: NamedSlots | undefined;
  let bestCount = 0;
  for (const layout of layouts) {
    const namesBySlot = new Map<string, readonly string[]>();
    for (const [slot, patterns] of Object.entries(layout)) {
      const found = patterns.flatMap((pattern) => matching(pattern, names, present));
      if (found.length > 0) namesBySlot.set(slot, found);
    }
    const count = [...namesBySlot.values()].flat().length;
    if (count > bestCount && (namesBySlot.has("input") || namesBySlot.has("output"))) {
      best = { layout, namesBySlot };
      bestCount = count;
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
