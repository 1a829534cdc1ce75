import type { FileHandle } from "node:fs/promises";
import { readExactly } from "@revocab/checkpoint/internal";
import { BYTES_PER_VALUE, type Mixture, quote, RevocabError, type TokenId } from "@revocab/core";
import { decodeInto, encodeInto, mixtureRow, mixtureRows, readRows, storedView } from "@revocab/matrix";
import type { OpenModel, SwapPlan } from "@revocab/plan";
import { sourceOf, tablePlan } from "@revocab/plan/internal";
import type { Adapter } from "./open-adapter.ts";
import type { TrainedTokensTensor } from "./sort-tensors.ts";

/** Tokens whose rows an adapter holds: their old ids, and the ids of all new rows that come from one of them. */
export interface TrainedTokens {
  /** The path of the ids in the config. */
  readonly keys: readonly string[];
  readonly from: readonly TokenId[];
  /** Empty where no new row comes from the trained tokens; the tensor is then left out. */
  readonly to: readonly TokenId[];
}

/** The key of the ids in the config of an adapter that trains nothing but tokens. */
const ALONE = "token_indices";

/**
 * Finds the tokens of a `trainable_tokens_delta`, which holds whole rows in spite of its name.
 * @throws RevocabError `bad_config`; `unsupported_checkpoint` when the plan unties the head, or no new row comes from the
 *   adapter's tokens
 */
export function trainedTokens(
  { entry, slot, module }: TrainedTokensTensor,
  { config, directory }: Adapter,
  plan: SwapPlan,
  model: OpenModel,
): TrainedTokens {
  const { keys, value } = idsInConfig(config, module);
  const [count] = entry.shape;
  const { rows } = model.checkpoint;
  if (
    !Array.isArray(value) ||
    value.length !== count ||
    !value.every((id) => Number.isInteger(id) && id >= 0 && id < rows)
  ) {
    throw new RevocabError(
      "bad_config",
      `${directory} holds ${count} rows as ${entry.name}, but its config has ${quote(value)} as their ids; ids below ${rows} were expected`,
      { hint: "save the adapter again with peft" },
    );
  }
  const from = value as readonly TokenId[];
  if (plan.recipe.untie) {
    throw new RevocabError(
      "unsupported_checkpoint",
      `the adapter ${directory} trains single tokens (${entry.name}) of a tied model, but the plan unties its head from its input`,
      { hint: "make a plan without `untie`, or merge the adapter into its base first" },
    );
  }
  const trained = new Set(from);
  const { mixture } = tablePlan(plan, slot);
  const to: TokenId[] = [];
  for (let id = 0; id < plan.target.rows; id++) {
    if (mixtureRow(mixture, id).sources.some((source: number) => trained.has(source))) to.push(id);
  }
  if (to.length === 0 && keys[0] === ALONE) {
    throw new RevocabError(
      "unsupported_checkpoint",
      `no row of the plan comes from a token that the adapter ${directory} trains (${entry.name}), and it trains nothing else`,
      { hint: "use the swapped model without this adapter" },
    );
  }
  return { keys, from, to };
}

/** The rows of `to` by the plan: sums of the adapter's rows and, where it has none, of the base's. */
export async function rewriteTrainedTokens(
  { entry, dtype, slot }: TrainedTokensTensor,
  { from, to }: TrainedTokens,
  file: { readonly handle: FileHandle; readonly path: string },
  plan: SwapPlan,
  model: OpenModel,
): Promise<Uint8Array> {
  const table = tablePlan(plan, slot);
  const base = sourceOf(model, slot);
  const { columns } = base;
  if (entry.shape[1] !== columns) {
    throw new RevocabError(
      "shape_mismatch",
      `${entry.name} has rows of ${entry.shape[1]} numbers, its base of ${columns}`,
    );
  }
  const stored = new Uint8Array(entry.end - entry.start);
  await readExactly(file.handle, stored, entry.start, file.path);
  const trained = new Float32Array(stored.length / BYTES_PER_VALUE[dtype]);
  decodeInto(dtype, stored, trained);

  const { mixture, used } = rowsOf(table.mixture, to, model.checkpoint.rows);
  const rows = await readRows(base, used);
  for (const [i, id] of used.entries()) {
    const place = from.lastIndexOf(id);
    if (place >= 0) rows.data.set(trained.subarray(place * columns, (place + 1) * columns), i * columns);
  }
  const { data } = await mixtureRows({
    mixture,
    source: storedView(rows),
    ...(table.basis.rows > 0 && { basis: table.basis }),
    job: { threads: 1 },
  });
  const bytes = new Uint8Array(data.length * BYTES_PER_VALUE[dtype]);
  encodeInto(dtype, data, bytes);
  return bytes;
}

function idsInConfig(config: Adapter["config"], module: string): { keys: readonly string[]; value: unknown } {
  const key = config.trainable_token_indices == null ? ALONE : "trainable_token_indices";
  const value: unknown = config[key];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { keys: [key], value };
  const named = Object.entries(value).find(([name]) => name === module || name.endsWith(`.${module}`));
  return { keys: [key, named?.[0] ?? module], value: named?.[1] };
}

/** The chosen rows of a mixture. The source rows that they use are renumbered from 0; basis rows follow. */
function rowsOf(
  mixture: Mixture,
  ids: readonly TokenId[],
  sourceRows: number,
): { mixture: Mixture; used: readonly TokenId[] } {
  const chosen = ids.map((id) => mixtureRow(mixture, id));
  const used = [
    ...new Set(chosen.flatMap(({ sources }) => [...sources].filter((source) => source < sourceRows))),
  ];
  const placeOf = new Map(used.map((id, place) => [id, place]));
  const sources = chosen.flatMap((row) =>
    [...row.sources].map((source) => placeOf.get(source) ?? source - sourceRows + used.length),
  );
  const offsets = new Uint32Array(ids.length + 1);
  for (const [i, row] of chosen.entries()) offsets[i + 1] = (offsets[i] as number) + row.sources.length;
  const weights = Float32Array.from(chosen.flatMap((row) => [...row.weights]));
  return { mixture: { offsets, sources: Uint32Array.from(sources), weights }, used };
}
