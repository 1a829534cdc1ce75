import { RevocabError } from "@revocab/core";
import type { Layout } from "./architectures.ts";
import { chooseLayout } from "./choose-layout.ts";
import type { ConfigFacts } from "./config-facts.ts";
import type { FindTablesOptions, PlacedTensor } from "./find-tables.ts";

export interface SlotNames {
  /** Tensor names by slot; there is always an `input`. */
  readonly slots: ReadonlyMap<string, readonly string[]>;
  readonly layout: Layout;
  /** The head's own name; undefined when the layout has no head, or the head's tensor is the input table. */
  readonly headName: string | undefined;
  readonly headIsNamed: boolean;
}

/**
 * Which tensors are the vocabulary's, by the architecture's names and those the user gives.
 * @throws RevocabError `bad_options`, `unsupported_checkpoint`
 */
export function nameSlots(options: FindTablesOptions, placed: ReadonlyMap<string, PlacedTensor>): SlotNames {
  const { directory, facts, vocabularyTensors, ignoreTensors } = options;
  for (const name of [...Object.keys(vocabularyTensors), ...ignoreTensors]) {
    if (!placed.has(name)) {
      throw new RevocabError("bad_options", `${directory} holds no tensor named ${name}`, {
        hint: "--vocabulary-tensor and --ignore-tensor take names as `revocab inspect` lists them",
      });
    }
  }
  const ignored = new Set(ignoreTensors);
  const free = [...placed.keys()].filter(
    (name) => !ignored.has(name) && !Object.hasOwn(vocabularyTensors, name),
  );
  const named = chooseLayout(facts.architecture, free);
  const slots = new Map<string, string[]>();
  for (const [slot, names] of named?.namesBySlot ?? []) slots.set(slot, [...names]);
  for (const [name, slot] of Object.entries(vocabularyTensors))
    slots.set(slot, [...(slots.get(slot) ?? []), name]);

  // Some tied models are stored with the head alone; the library ties either way (modeling_utils.tie_weights).
  if (!slots.has("input") && slots.has("output") && facts.saysTied !== false) {
    const head = slots.get("output")!;
    slots.delete("output");
    return {
      slots: new Map([["input", head], ...slots]),
      headName: undefined,
      headIsNamed: true,
      layout: {},
    };
  }
  if (!slots.has("input")) throw noInput(directory, facts, placed);
  const layout = named?.layout ?? {};
  return { slots, headName: layout.output?.[0], headIsNamed: layout.output !== undefined, layout };
}

function noInput(
  directory: string,
  facts: ConfigFacts,
  placed: ReadonlyMap<string, PlacedTensor>,
): RevocabError {
  const candidates = [...placed.values()]
    .filter(({ entry }) => entry.shape.length === 2 && entry.shape[0] === facts.vocabularySize)
    .map(({ entry }) => `${entry.name} [${entry.shape}]`);
  return new RevocabError(
    "unsupported_checkpoint",
    `${directory} (model_type ${facts.modelType}) has no input embeddings under a name that is known; ` +
      (candidates.length === 0
        ? "no tensor has a row per token"
        : `these have a row per token: ${candidates}`),
    { hint: 'name them with vocabularyTensors, for example { "my.embed.weight": "input" }' },
  );
}
