import { RevocabError, showText } from "@revocab/core";
import { defaultIdsOf, isOtherPart, nameIn, typeOfPart } from "./config-keys.ts";
import { roleOfKey } from "./follow-token-ids.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";
import data from "./pad-positions.json" with { type: "json" };

/**
 * Positions depend on the pad id, unless a key of the config has one of these values (ESM's rotary ones). `by: "source"`:
 * found in the code of a model that could not be tried; it holds for its parts too.
 */
interface Rule {
  readonly unless?: Readonly<Record<string, readonly JsonValue[]>>;
  readonly by?: string;
}

/** Made by tools/oracle/pad-positions.py: what happens to a tiny model of each type when its pad id moves. */
const follow = data.follow as Readonly<Record<string, Rule>>;
const independent = new Set<string>([...data.stay, ...data.withoutPad]);
const PAD = roleOfKey("pad");

/** True for a model whose positions depend on the pad id. */
export function positionsFollowPad(modelType: string, config: JsonObject): boolean {
  if (!Object.hasOwn(follow, modelType)) return false;
  const { unless = {} } = follow[modelType]!;
  return !Object.entries(unless).some(([key, values]) => values.includes(config[key] ?? null));
}

/**
 * RoBERTa and its kin compute a token's position as pad_token_id + 1 + its place, so that row pad_token_id + 1 of the
 * trained position embeddings is the first; XGLM makes the row pad_token_id of its sinusoids zero. The pad id cannot change.
 * @returns notes, where the pad id changes in a model of which it is not known whether its positions depend on it
 * @throws RevocabError `token_id_unmapped`
 */
export function checkPadPositions(json: JsonObject, followed: JsonObject): readonly string[] {
  return check(json, followed, [], { modelType: undefined, isTried: false, byOuter: false });
}

/** What is known of a part from the configs around it. */
interface Outer {
  readonly modelType: string | undefined;
  readonly isTried: boolean;
  readonly byOuter: boolean;
}

function check(
  before: JsonObject,
  after: JsonObject,
  path: readonly string[],
  outer: Outer,
): readonly string[] {
  const modelType = outer.modelType ?? String(before.model_type);
  const isOwn = independent.has(modelType) || Object.hasOwn(follow, modelType);
  const follows = isOwn ? positionsFollowPad(modelType, before) : outer.byOuter;
  const isTried = outer.isTried || isOwn;
  const [old, now] = [before, after].map((scope) => padOf(scope, modelType));
  const notes: string[] = [];
  if (old !== now && typeof old === "number") {
    if (follows) throw padMoves(modelType, path, old, now);
    if (!isTried) notes.push(mayMove(modelType, [...path, PAD].join("."), old, now));
  }
  for (const [key, part] of Object.entries(before)) {
    if (!isJsonObject(part) || !isJsonObject(after[key])) continue;
    const partType = typeOfPart(modelType, key, part);
    if (partType === undefined || isOtherPart(modelType, key, partType)) continue;
    const inner = { modelType: partType, isTried, byOuter: follows };
    notes.push(...check(part, after[key], [...path, key], inner));
  }
  return notes;
}

function padOf(scope: JsonObject, modelType: string): JsonValue | undefined {
  const name = nameIn(scope, modelType, PAD);
  return name === undefined
    ? (defaultIdsOf(modelType).find(([key]) => key === PAD)?.[1] as JsonValue | undefined)
    : scope[name];
}

function padMoves(
  modelType: string,
  path: readonly string[],
  before: number,
  after: JsonValue | undefined,
): RevocabError {
  const key = [...path, PAD].join(".");
  return new RevocabError(
    "token_id_unmapped",
    `the positions of ${showText(modelType, 200)} depend on ${key}: the model's pad id is ${before}, the new vocabulary's is ${after}, ` +
      "so that every position embedding would be another",
    {
      hint:
        `use a tokenizer whose pad token has the id ${before}; if that id never occurs in text, ` +
        `\`tokenIds: config.json:${key}=${before}\` keeps the positions right`,
    },
  );
}

function mayMove(modelType: string, path: string, before: number, after: JsonValue | undefined): string {
  return (
    `CHECK THE OUTPUT: ${path} goes from ${before} to ${after}, and it is not known whether ${showText(modelType, 200)} computes positions ` +
    `from it, as RoBERTa does; if its code does, run again with \`tokenIds: config.json:${path}=${before}\``
  );
}
