import type { TensorEntry } from "@revocab/checkpoint";
import { RevocabError, type StoredDtype } from "@revocab/core";
import type { OpenModel, SwapPlan } from "@revocab/plan";
import { type Adapter, refuseAdapter } from "./open-adapter.ts";

/** What becomes of one tensor of an adapter. */
export type AdapterTensor = CopiedTensor | RowsTensor | TrainedTokensTensor;

export interface CopiedTensor {
  readonly how: "copied";
  readonly entry: TensorEntry;
}

/** A tensor with an entry per token: it goes through the plan's mixture. */
export interface RowsTensor {
  readonly how: "rows";
  readonly entry: TensorEntry;
  readonly dtype: StoredDtype;
  readonly slot: string;
  /** Which dimension counts the tokens: 0, or 1 for `lora_embedding_A` [r × V]. */
  readonly axis: 0 | 1;
  /** Numbers per token. */
  readonly columns: number;
  /**
   * Whether the rows are added to the base's rows, as LoRA does. Rows that come from no source row (the mean of all rows, rows
   * that are no sum) then stay those of the swapped base: nothing is added to them.
   */
  readonly isChange: boolean;
}

/** Rows of a few tokens, which the config lists. */
export interface TrainedTokensTensor {
  readonly how: "tokens";
  readonly entry: TensorEntry;
  readonly dtype: StoredDtype;
  readonly slot: string;
  /** The last part of the module's name: the config may list its tokens under it. */
  readonly module: string;
}

/**
 * What becomes of each tensor of an adapter: those with a vocabulary dimension are rewritten, all others copied.
 * @throws RevocabError `unsupported_checkpoint` for a tensor that can be neither; `shape_mismatch`; `unsupported_dtype`
 */
export function sortTensors(adapter: Adapter, plan: SwapPlan, model: OpenModel): readonly AdapterTensor[] {
  return adapter.file.tensors.map((entry) => sortTensor(entry, adapter, plan, model));
}

function sortTensor(entry: TensorEntry, adapter: Adapter, plan: SwapPlan, model: OpenModel): AdapterTensor {
  const trained = trainedPart(entry.name, plan, model);
  if (trained !== undefined) return sortPart(trained, entry, adapter, plan, model);
  const { rows } = model.checkpoint;
  if (!entry.shape.includes(rows) || isOfOtherModule(entry.name, model)) return { how: "copied", entry };
  throw refusal(
    entry,
    adapter,
    `has a dimension of the vocabulary's size, ${rows}, in a module that is not known`,
  );
}

function sortPart(
  { slot, module, part }: TrainedPart,
  entry: TensorEntry,
  adapter: Adapter,
  plan: SwapPlan,
  model: OpenModel,
): AdapterTensor {
  const biasSlot = plan.tables.some((table) => table.slot === "output.bias") ? "output.bias" : slot;
  switch (part) {
    case "weight":
    case "base_layer.weight":
      return rowsTensor(entry, slot, 0, false, model);
    case "bias":
    case "base_layer.bias":
      return rowsTensor(entry, biasSlot, 0, false, model);
    case "lora_embedding_A":
      return rowsTensor(entry, slot, 1, true, model);
    case "lora_B.weight":
      return rowsTensor(entry, slot, 0, true, model);
    case "lora_B.bias":
      return rowsTensor(entry, biasSlot, 0, true, model);
    case "lora_embedding_B":
    case "lora_A.weight":
      return { how: "copied", entry };
    case "trainable_tokens_delta":
    case "token_adapter.trainable_tokens_delta":
      return {
        how: "tokens",
        entry,
        dtype: dtypeOf(entry),
        slot,
        module: module.slice(module.lastIndexOf(".") + 1),
      };
    case "lora_magnitude_vector":
      throw refusal(
        entry,
        adapter,
        "is the length of each row or column of the old table (DoRA), which is no sum of rows",
      );
    default:
      throw refusal(entry, adapter, `changes a table with a row per token, and is no sum of rows`);
  }
}

function rowsTensor(
  entry: TensorEntry,
  slot: string,
  axis: 0 | 1,
  isChange: boolean,
  { checkpoint, name }: OpenModel,
): RowsTensor {
  const { shape } = entry;
  if (shape.length > 2 || (axis === 1 && shape.length !== 2) || shape[axis] !== checkpoint.rows) {
    throw new RevocabError(
      "shape_mismatch",
      `the adapter's ${entry.name} is [${shape.join(", ")}], but ${name} has ${checkpoint.rows} rows`,
      {
        hint:
          "the adapter belongs to another base, or its training added tokens: merge it into its base first, and swap " +
          "the merged model",
      },
    );
  }
  return { how: "rows", entry, dtype: dtypeOf(entry), slot, axis, columns: shape[1 - axis] ?? 1, isChange };
}

function dtypeOf({ name, dtype }: TensorEntry): StoredDtype {
  if (dtype === "F32" || dtype === "F16" || dtype === "BF16") return dtype;
  throw new RevocabError(
    "unsupported_dtype",
    `the adapter holds ${name} as ${dtype}; F32, F16 or BF16 was expected`,
    {
      hint: "save the adapter in one of these",
    },
  );
}

function refusal({ name, shape }: TensorEntry, adapter: Adapter, what: string): RevocabError {
  return refuseAdapter(adapter, `${name} [${shape.join(", ")}] ${what}`);
}

/** The module of the base with a row per token that a tensor of an adapter belongs to. */
export interface TrainedPart {
  /** The table of the plan that the module's rows come from. */
  readonly slot: string;
  readonly module: string;
  /** PEFT's name for this part of the module: `weight`, `lora_B.weight`, `trainable_tokens_delta`. */
  readonly part: string;
}

/** A tensor of the model by name, and the table of the plan that its rows come from. */
interface NamedSlot {
  readonly name: string;
  readonly slot: string;
}

/** Names of one module: transformers 5 has `lm_head` in Python for the `embed_out` of files. */
const HEADS = ["lm_head", "embed_out", "output_layer", "output_projection"];
const INPUTS = ["embed_tokens", "embed_in", "wte", "word_embeddings", "tok_embeddings"];

const PREFIX = /^base_model\.(model\.)?/;

/**
 * The module with a row per token that a tensor of an adapter belongs to; undefined for all other tensors.
 *
 * An adapter has the names of Python modules, a checkpoint those of its file, and they differ at the beginning
 * (`transformer.wte`, `wte`; `model.language_model.embed_tokens`, `language_model.model.embed_tokens`). So the last part
 * of a module's name decides; the rest decides only between tables with the same last part. Inside a numbered layer the whole
 * name must be equal: `layers.0.attention.output` is no head, although a head may be called `output`.
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

/** Whether a tensor belongs to a module of the base without a row per token: a dimension of the vocabulary's size is then chance. */
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
