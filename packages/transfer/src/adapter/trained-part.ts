import { RevocabError } from "@revocab/core";
import type { OpenModel, SwapPlan } from "@revocab/plan";

/** What a tensor of an adapter belongs to: a module of the base with a row per token. */
export interface TrainedPart {
  /** The table of the plan that the module's rows come from. */
  readonly slot: string;
  readonly module: string;
  /** What of it the tensor is, as PEFT calls it: `weight`, `lora_B.weight`, `trainable_tokens_delta`. */
  readonly part: string;
}

/** A name of the model's tensors, and the table of the plan that its rows come from. */
interface NamedSlot {
  readonly name: string;
  readonly slot: string;
}

/** What modules of one kind are called; transformers 5 has `lm_head` in Python for what files call `embed_out`. */
const HEADS = ["lm_head", "embed_out", "output_layer", "output_projection"];
const INPUTS = ["embed_tokens", "embed_in", "wte", "word_embeddings", "tok_embeddings"];

const PREFIX = /^base_model\.(model\.)?/;

/**
 * The module with a row per token that a tensor of an adapter belongs to; undefined for every other.
 *
 * Names in an adapter are those of the Python modules, names in a checkpoint those of its file, and they differ in front
 * (`transformer.wte`, `wte`; `model.language_model.embed_tokens`, `language_model.model.embed_tokens`). So the last part
 * of a module's name decides, and the rest only between tables with the same last part. Inside a numbered layer the whole
 * name has to be the same: `layers.0.attention.output` is no head though a head may be called `output`.
 *
 * @throws RevocabError `unsupported_checkpoint` when two tables may be meant
 */
export function trainedPart(tensor: string, plan: SwapPlan, model: OpenModel): TrainedPart | undefined {
  const name = tensor.replace(PREFIX, "");
  const slots = namedSlots(plan, model);
  for (const module of prefixes(name)) {
    const slot = slotOf(module, slots, model);
    if (slot !== undefined) return { slot, module, part: name.slice(module.length + 1) };
  }
  const lone = slots.find((named) => named.name === name);
  return lone && { slot: lone.slot, module: name, part: "weight" };
}

/** Whether a tensor belongs to a module of the base that has no row per token, so that its sizes are coincidences. */
export function isOfOtherModule(tensor: string, { checkpoint }: OpenModel): boolean {
  const owners = new Set(
    checkpoint.files.flatMap(({ tensors }) =>
      tensors.map(({ name }) => name.slice(0, name.lastIndexOf("."))),
    ),
  );
  const owned = prefixes(tensor.replace(PREFIX, "")).filter((module) => module.includes("."));
  return owned.some((module) =>
    [...owners].some((owner) => endsWithPath(owner, module) || endsWithPath(module, owner)),
  );
}

function slotOf(module: string, slots: readonly NamedSlot[], { name: model }: OpenModel): string | undefined {
  const tables = slots.flatMap(({ name, slot }) =>
    name.endsWith(".weight") ? [{ name: name.slice(0, -".weight".length), slot }] : [],
  );
  const exact = tables.find(({ name }) => name === module);
  if (exact !== undefined) return exact.slot;
  if (/(^|\.)\d+(\.|$)/.test(module)) return undefined;
  const alike = tables.filter(({ name }) => lastPart(name) === lastPart(module));
  const nearest = alike.filter(({ name }) => endsWithPath(name, module) || endsWithPath(module, name));
  const found = [nearest, alike, namesake(module, tables)].find((some) => some.length > 0) ?? [];
  if (new Set(found.map(({ slot }) => slot)).size <= 1) return found[0]?.slot;
  throw new RevocabError(
    "unsupported_checkpoint",
    `the adapter trains ${module}, which may be ${found.map(({ name, slot }) => `${name} (${slot})`).join(" or ")} of ${model}`,
    { hint: "merge the adapter into its base first (peft: merge_and_unload), and swap the merged model" },
  );
}

function namesake(module: string, tables: readonly NamedSlot[]): readonly NamedSlot[] {
  const names = [HEADS, INPUTS].find((some) => some.includes(lastPart(module))) ?? [];
  return tables.filter(({ name }) => names.includes(lastPart(name)));
}

function namedSlots(plan: SwapPlan, { checkpoint }: OpenModel): readonly NamedSlot[] {
  const { tables, omittedCopies, headName, headTensors } = checkpoint;
  const headSlot = plan.tables.some(({ slot }) => slot === "output") ? "output" : "input";
  return [
    ...tables.flatMap(({ slot, tensors }) =>
      tensors.map(({ entry: { name } }) => ({ name, slot: headTensors.includes(name) ? headSlot : slot })),
    ),
    ...omittedCopies,
    ...(headName === undefined ? [] : [{ name: headName, slot: headSlot }]),
  ];
}

/** `a`, `a.b`, … of `a.b.c`, without the whole. */
function prefixes(name: string): readonly string[] {
  const parts = name.split(".");
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join("."));
}

function endsWithPath(path: string, end: string): boolean {
  return path === end || path.endsWith(`.${end}`);
}

function lastPart(module: string): string {
  return module.slice(module.lastIndexOf(".") + 1);
}
