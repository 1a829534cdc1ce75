import { basename, isAbsolute } from "node:path";
import { type ConfigChange, editJson, type JsonValue } from "@revocab/checkpoint";
import { isJsonObject } from "@revocab/checkpoint/internal";
import { type Job, quote, RevocabError, type RowSource } from "@revocab/core";
import type { OpenModel, SwapPlan } from "@revocab/plan";
import { type Adapter, refuseAdapter } from "./open-adapter.ts";
import { type AdapterTensor, sortTensors } from "./sort-tensors.ts";
import { type TrainedTokens, trainedTokens } from "./trained-tokens.ts";

export interface AdapterTask {
  readonly adapter: Adapter;
  readonly plan: SwapPlan;
  readonly rowSource: RowSource;
  /** The base that the adapter was trained on. */
  readonly model: OpenModel;
  /** The base that the new config names; undefined for none. */
  readonly base: string | undefined;
  readonly job?: Job;
}

/** The adapter to write: what becomes of every tensor, and the new config. Nothing has been written. */
export interface PlannedAdapter {
  readonly tensors: readonly AdapterTensor[];
  /** By the name of their tensor, tensors that are left out included. */
  readonly tokens: ReadonlyMap<string, TrainedTokens>;
  readonly configText: string;
  readonly changes: readonly ConfigChange[];
  /** Tensors that are left out: no row of the target comes from their tokens. */
  readonly gone: readonly string[];
}

/**
 * Decides what becomes of every tensor, before anything is written.
 * @throws RevocabError `unsupported_checkpoint`, `unsupported_dtype`, `shape_mismatch`, `bad_config`
 */
export function planAdapter({ adapter, plan, model, base }: Omit<AdapterTask, "rowSource">): PlannedAdapter {
  if (adapter.config.ensure_weight_tying === true && plan.recipe.untie) {
    throw refuseAdapter(
      adapter,
      "it trains head and input as one (ensure_weight_tying), but the plan unties them",
    );
  }
  const tensors = sortTensors(adapter, plan, model);
  const tokens = new Map(
    tensors.flatMap((tensor) =>
      tensor.how === "tokens" ? [[tensor.entry.name, trainedTokens(tensor, adapter, plan, model)]] : [],
    ),
  );
  const lists = new Map<string, string>();
  for (const { keys, to } of tokens.values()) {
    const [path, ids] = [keys.join("."), JSON.stringify(to)];
    if ((lists.get(path) ?? ids) !== ids) {
      throw refuseAdapter(
        adapter,
        `it has one list of trained tokens (${path}) for two tables, but the new rows that come from them differ`,
      );
    }
    lists.set(path, ids);
  }
  const config = followAdapterConfig(adapter, base, [...tokens.values()], model.checkpoint.tied);
  return {
    tensors: tensors.filter(({ entry }) => tokens.get(entry.name)?.to.length !== 0),
    tokens,
    configText: config.text,
    changes: config.changes,
    gone: tensors.flatMap(({ entry }) => (tokens.get(entry.name)?.to.length === 0 ? [entry.name] : [])),
  };
}

export interface FollowedAdapterConfig {
  readonly text: string;
  readonly changes: readonly ConfigChange[];
}

/**
 * adapter_config.json for the new vocabulary: its base, and the ids of the tokens that it trains.
 *
 * The base that it named has the old vocabulary. Without a new one it names none: PEFT then fails instead of opening the old
 * base. A revision is a commit of the old base, and is removed with it.
 *
 * @throws RevocabError `unsupported_checkpoint` for ids that spell a text
 */
export function followAdapterConfig(
  adapter: Adapter,
  base: string | undefined,
  tokens: readonly TrainedTokens[],
  isTied: boolean,
): FollowedAdapterConfig {
  const { config, configText, directory } = adapter;
  if (config.alora_invocation_tokens != null) {
    throw new RevocabError(
      "unsupported_checkpoint",
      `the adapter ${directory} begins to act at the ids ${quote(config.alora_invocation_tokens)} (alora_invocation_tokens), which spell a text in the old vocabulary`,
      { hint: "tokenize the text with the new tokenizer, and train or save the adapter with these ids" },
    );
  }
  const changes: ConfigChange[] = [];
  const set = (keys: readonly string[], from: JsonValue | undefined, to: JsonValue, reason: string) => {
    const path = keys.join(".");
    const isNew =
      JSON.stringify(from) !== JSON.stringify(to) && changes.every((change) => change.path !== path);
    if (isNew) changes.push({ path, keys, from, to, reason });
  };
  const isNamed = base !== undefined;
  set(
    ["base_model_name_or_path"],
    withoutPath(config.base_model_name_or_path ?? null),
    base ?? null,
    isNamed ? "given by the user" : "the base it named has the old vocabulary",
  );
  if (config.revision != null) set(["revision"], config.revision, null, "a commit of the old base");
  for (const [key, lists] of groupByKey(tokens)) {
    const { [key]: old } = config;
    const reason = "the new rows that come from the trained tokens";
    set([key], old, followedIds(old as JsonValue, lists, isTied, adapter), reason);
  }
  return { text: editJson(configText, changes), changes };
}

/** A report holds no path of a machine: of an absolute path the last part stays. */
function withoutPath(base: JsonValue): JsonValue {
  return typeof base === "string" && isAbsolute(base) ? basename(base) : base;
}

function groupByKey(tokens: readonly TrainedTokens[]): ReadonlyMap<string, readonly TrainedTokens[]> {
  const groups = new Map<string, TrainedTokens[]>();
  for (const list of tokens) {
    const [key] = list.keys as [string];
    groups.set(key, [...(groups.get(key) ?? []), list]);
  }
  return groups;
}

/**
 * The new ids, in one list or in one list per module; null where no id is left, as PEFT writes "no trained tokens".
 *
 * PEFT ties the trained tokens of head and input where both lists of a tied model are equal, and stores them once. So equal
 * lists must stay equal, and different lists must stay different and not empty.
 */
function followedIds(
  old: JsonValue,
  lists: readonly TrainedTokens[],
  isTied: boolean,
  adapter: Adapter,
): JsonValue {
  if (!isJsonObject(old)) return lists[0]?.to.length ? [...lists[0].to] : null;
  const entries = Object.entries(old).map(([module, ids]) => {
    const key = JSON.stringify(ids);
    const found =
      lists.find(({ keys }) => keys[1] === module) ?? lists.find(({ from }) => JSON.stringify(from) === key);
    if (found === undefined) {
      throw new RevocabError(
        "bad_config",
        `${adapter.directory} has ids of trained tokens for ${module} (${key}), but no rows for them`,
        { hint: "save the adapter again with peft" },
      );
    }
    return { module, key, to: found.to };
  });
  const kept = entries.filter(({ to }) => to.length > 0);
  const before = new Set(entries.map(({ key }) => key)).size;
  const after = new Set(kept.map(({ to }) => JSON.stringify(to))).size;
  if (isTied && before > 1 && after !== before) {
    throw refuseAdapter(
      adapter,
      `its modules train different tokens of one table (${quote(old)}), and the target has too few of these tokens to keep them apart`,
    );
  }
  return kept.length === 0 ? null : Object.fromEntries(kept.map(({ module, to }) => [module, [...to]]));
}
