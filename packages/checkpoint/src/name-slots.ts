import { RevocabError, showText } from "@revocab/core";
import type { Architecture, Layout } from "./architectures.ts";
import type { ConfigFacts } from "./config-facts.ts";
import { isOfOtherPart, readTableName } from "./table-names.ts";
import type { FindTablesOptions, PlacedTensor } from "./tensor-location.ts";

interface SlotNames {
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
      throw new RevocabError(
        "bad_options",
        `${showText(directory)} holds no tensor named ${showText(name, 200)}`,
        {
          hint: "`vocabularyTensors` and `ignoreTensors` take names as `inspectPath` lists them",
        },
      );
    }
  }
  const strange = Object.values(vocabularyTensors).find((slot) => !SLOT.test(slot));
  if (strange !== undefined) {
    throw new RevocabError(
      "bad_options",
      `"${showText(strange, 200)}" is no slot of a tensor with a row per token`,
      {
        hint: "slots are input, output and output.bias, and more of a kind by a name: input.encoder, output.draft, output.draft.bias",
      },
    );
  }
  const ignored = new Set(ignoreTensors);
  const free = [...placed.keys()].filter(
    (name) => !ignored.has(name) && !Object.hasOwn(vocabularyTensors, name),
  );
  const chosen = chooseLayout(facts.architecture, free);
  const named = chosen?.namesBySlot.has("input") ? chosen : (guessSlots(facts, free, placed) ?? chosen);
  const slots = new Map<string, string[]>();
  for (const [slot, names] of named?.namesBySlot ?? []) slots.set(slot, [...names]);
  for (const [name, slot] of Object.entries(vocabularyTensors))
    slots.set(slot, [...(slots.get(slot) ?? []), name]);

  // Some tied models are stored with the head alone; the library ties either way (modeling_utils.tie_weights).
  const mayBeInput = (name: string) => readTableName(name)?.role === "input";
  if (!slots.has("input") && slots.has("output") && facts.saysTied !== false && !free.some(mayBeInput)) {
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

const SLOT = /^(input|output)(\.[\w-]+)*$/;

/**
 * Of an architecture whose names are not known: the one tensor with a row per token that is named as input embeddings,
 * the one named as a head, and a head's bias. Where there are several it is for the user to say which is which.
 */
function guessSlots(
  { vocabularySize }: ConfigFacts,
  names: readonly string[],
  placed: ReadonlyMap<string, PlacedTensor>,
): NamedSlots | undefined {
  const layout: Record<string, readonly string[]> = {};
  for (const role of ["input", "output"] as const) {
    const found = names.filter((name) => {
      const { shape } = placed.get(name)!.entry;
      return shape.length === 2 && shape[0] === vocabularySize && readTableName(name)?.role === role;
    });
    const ofText = found.filter((name) => !isOfOtherPart(name));
    const likely = ofText.length > 0 ? ofText : found;
    if (likely.length === 1) layout[role] = likely;
  }
  const biases = names.filter(
    (name) => HEAD_BIAS.test(name) && placed.get(name)!.entry.shape.join() === String(vocabularySize),
  );
  if (biases.length === 1) layout["output.bias"] = biases;
  return layout.input && { layout, namesBySlot: new Map(Object.entries(layout)) };
}

const HEAD_BIAS = /(^|\.)(lm_head|lm_head\.decoder|cls\.predictions|predictions|output_projection)\.bias$/;

function noInput(
  directory: string,
  { modelType, vocabularySize }: ConfigFacts,
  placed: ReadonlyMap<string, PlacedTensor>,
): RevocabError {
  const candidates = [...placed.values()]
    .filter(({ entry }) => entry.shape.length === 2 && entry.shape[0] === vocabularySize)
    .map(({ entry }) => entry);
  const example = candidates.find(({ name }) => readTableName(name)?.role === "input") ?? candidates[0];
  return new RevocabError(
    "unsupported_checkpoint",
    `${showText(directory)} (model_type ${showText(modelType, 200)}) has no input embeddings under a name that is known; ` +
      (example === undefined
        ? `no tensor has ${vocabularySize === undefined ? "a row per token, as far as its config tells" : `${vocabularySize} rows`}`
        : `these have a row per token: ${candidates.slice(0, 5).map(({ name, shape }) => `${showText(name, 50)} [${showText(String(shape), 50)}]`)}`),
    {
      hint:
        example === undefined
          ? "if a tensor has a row per token, name it: `vocabularyTensors: NAME=input`"
          : `say what they are: \`vocabularyTensors: ${showText(example.name, 200)}=input\`; ` +
            `revocab knows input, output, output.bias, and names of your own such as input.encoder`,
    },
  );
}

/** The tensors of a model that a layout names, by slot, the preferred name first. */
interface NamedSlots {
  readonly layout: Layout;
  readonly namesBySlot: ReadonlyMap<string, readonly string[]>;
}

/**
 * Which layout a model has, and which tensors that names: one of `layouts`, or of `otherLayouts` where only they name
 * input embeddings; undefined when none names an input or an output table.
 */
function chooseLayout(
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
