import type { TensorEntry } from "@revocab/checkpoint";
import { RevocabError, type StoredDtype } from "@revocab/core";
import type { OpenModel, SwapPlan } from "@revocab/plan";
import type { Adapter } from "./open-adapter.ts";
import { refuseAdapter } from "./refuse-adapter.ts";
import { isOfOtherModule, type TrainedPart, trainedPart } from "./trained-part.ts";

/** What becomes of one tensor of an adapter. */
export type AdapterTensor = CopiedTensor | RowsTensor | TrainedTokensTensor;

export interface CopiedTensor {
  readonly how: "copied";
  readonly entry: TensorEntry;
}

/** An entry per token: it goes through the plan's mixture. */
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
   * Added to the base's rows, as LoRA does. What the plan makes of no source row (the mean of all rows, rows that are no
   * sum) then stays as in the swapped base, with nothing added.
   */
  readonly isChange: boolean;
}

/** Rows of a few tokens, which the config lists. */
export interface TrainedTokensTensor {
  readonly how: "tokens";
  readonly entry: TensorEntry;
  readonly dtype: StoredDtype;
  readonly slot: string;
  /** Last part of the module's name, which the config may name its tokens by. */
  readonly module: string;
}

/**
 * Sorts the tensors of an adapter: those without a vocabulary dimension are copied, those with one rewritten.
 * @throws RevocabError `unsupported_checkpoint` for what can be neither, by name; `shape_mismatch`; `unsupported_dtype`
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
      throw refusal(entry, adapter, `changes a table with a row per token in a way that is no sum of rows`);
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
