import data from "./architectures.json" with { type: "json" };
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";
import type { TensorEntry } from "./safetensors-header.ts";

const names = Object.entries(data.tableNames).map(([role, pattern]) => ({
  role: role as "input" | "output",
  expression: new RegExp(pattern),
}));

/** What a name says of a table: its role, and where it stands in the model. */
interface TableName {
  readonly role: "input" | "output";
  /** Of its own kind: `input.layers.61` for `model.layers.61.embed_tokens.weight`; the role where no place is named. */
  readonly slot: string;
}

/** Reads the name of a tensor as that of a table, in any model; undefined for a name that tells no table. */
export function readTableName(tensorName: string): TableName | undefined {
  for (const { role, expression } of names) {
    const match = expression.exec(tensorName);
    if (match === null) continue;
    const place = (match[1] ?? match[2] ?? "").replace(/^(model|transformer)(\.|$)/, "");
    return { role, slot: place === "" ? role : `${role}.${place}` };
  }
  return undefined;
}

const otherNames = data.notVocabulary.map((pattern) => new RegExp(pattern));
const blockNames = new RegExp(data.blocks);
const otherParts = new RegExp(data.otherParts);
const projections = new RegExp(data.projections);
const tableNames = new RegExp(data.tableLike);

/**
 * True for a tensor that has a dimension of the vocabulary's size for another reason: its name says what it is (a norm,
 * positions, a projection of a layer), or it is a layer's (or of a part for images or sound) and the config says of some
 * other size that it is as large. A name that may be a table's, and a layer's tensor that nothing explains, are no such
 * tensors, whatever their path.
 */
export function hasOtherDimension({ name, shape }: TensorEntry, rows: number, config: JsonObject): boolean {
  if (otherNames.some((pattern) => pattern.test(name))) return true;
  if (!blockNames.test(name) && !isOfOtherPart(name)) return false;
  if (projections.test(name)) return true;
  return !tableNames.test(name) && shape.includes(rows) && isExplained(rows, config);
}

/** True for a tensor of a part that reads or writes no text: what is named as a table there may be another vocabulary's. */
export function isOfOtherPart(name: string): boolean {
  return otherParts.test(name);
}

/** True when some size in the config is `count` (or its half, a third or a quarter: fused projections). */
function isExplained(count: number, config: JsonObject): boolean {
  return sizesOf(config).some((size) => [1, 2, 3, 4].some((parts) => size * parts === count));
}

const VOCABULARY_KEY = /vocab|(^|_)(id|ids|index|token|tokens|indices)$|position|length|n_ctx/;

function sizesOf(value: JsonValue, key = ""): number[] {
  if (Array.isArray(value)) return value.flatMap((one) => sizesOf(one, key));
  if (isJsonObject(value)) return Object.entries(value).flatMap(([inner, one]) => sizesOf(one!, inner));
  // below 8 there are counts of layers and flags, of which every number is a multiple
  return typeof value === "number" && value >= 8 && !VOCABULARY_KEY.test(key) ? [value] : [];
}
