import { join } from "node:path";
import {
  type ConfigChange,
  editJson,
  type FollowedVocabulary,
  followVocabulary,
  type JsonObject,
  type JsonValue,
  type TokenIdMap,
  type UnmappedValue,
} from "@revocab/checkpoint";
import { isJsonObject, listTokenIds, MAX_JSON_BYTES, sentenceModules } from "@revocab/checkpoint/internal";
import { quote, RevocabError, type SpecialRole, type TokenId } from "@revocab/core";
import { type InputFolder, parseJson } from "@revocab/files";
import { namingFile } from "@revocab/files/internal";
import type { OpenModel } from "@revocab/plan";
import { alignVocabularies } from "@revocab/vocab-alignment";
import type { Tokenizer } from "@revocab/vocabulary";

/** The configs of the target model as text, by path, and what changed in them. */
export interface FollowedConfigs {
  readonly files: ReadonlyMap<string, string>;
  readonly changes: readonly (ConfigChange & { readonly file: string })[];
  /** Values that were removed, and values that could not be known. */
  readonly notes: readonly string[];
}

export interface FollowConfigsOptions {
  readonly model: OpenModel;
  readonly target: Tokenizer;
  readonly rows: number;
  readonly untie: boolean;
  /**
   * [V_t] where the target is the model's own tokenizer, edited or not, the old id of each token, −1 for a new one: ids are
   * mapped by it and by nothing else. @default the two vocabularies are aligned, and ids follow roles
   */
  readonly editedFrom?: Int32Array | undefined;
  /** The tokens of roles in all configs, in place of what these have: `{ eos: 513 }`. @default none */
  readonly roles?: Readonly<Partial<Record<SpecialRole, TokenId>>> | undefined;
  /**
   * Values the user names, by key, by path, or by file and path: `{ image_token_id: 5, "text_config.eos_token_id": [5, 6],
   * "config.json:pad_token_id": 1 }`; `"keep"` leaves the value as it is.
   */
  readonly overrides: Readonly<Record<string, JsonValue>>;
}

const FILES = ["config.json", "generation_config.json"] as const;

/**
 * Rewrites config.json, generation_config.json and the configs of processors and modules beside them for the target
 * tokenizer: sizes and every token id.
 *
 * @throws RevocabError `token_id_unmapped` when an id that the model needs has no counterpart, or an unknown key looks
 *   like an id; `bad_options` for an override whose key no config has
 */
export async function followConfigs(options: FollowConfigsOptions): Promise<FollowedConfigs> {
  const { model, target, rows, untie, roles, overrides } = options;
  const { checkpoint } = model;
  const tokenIds = tokenIdMap(options);
  const files = new Map<string, string>();
  const changes: (ConfigChange & { file: string })[] = [];
  const unmapped: (UnmappedValue & { file: string })[] = [];
  const notes: string[] = [];
  const unused = new Set(Object.keys(overrides));
  const own = FILES.map((file) => ({ file, isPerToken: false }));
  const beside = await configsBeside(checkpoint.folder);
  for (const config of [...own, ...beside]) {
    const { file } = config;
    const bytes = await checkpoint.folder.readIfThere(file, { most: MAX_JSON_BYTES });
    if (bytes === undefined) continue;
    const text = bytes.toString("utf8");
    const json = parseObject(text, file);
    const isBeside = beside.includes(config);
    const followed = await namingFile(join(checkpoint.directory, file), "bad_config", () =>
      followVocabulary({
        json,
        modelType: checkpoint.modelType,
        sourceRows: checkpoint.rows,
        rows,
        sourceTokens: model.tokenizer.vocabulary.size,
        tokens: target.vocabulary.size,
        untie: untie && file === "config.json",
        tokenIds,
        roles,
        overrides: overridesOf(file, overrides),
        idsByName: isBeside,
      }),
    );
    if (!isBeside) refuseAnswersBeyondRows(file, json, followed, options);
    const edits = [...followed.changes, ...followDimensions(config, followed.json, checkpoint.rows, rows)];
    // an unchanged config of a processor is carried like any other file
    if (!isBeside || edits.length > 0) files.set(file, editJson(text, edits));
    changes.push(...edits.map((change) => ({ file, ...change })));
    unmapped.push(...followed.unmapped.map((value) => ({ file, ...value })));
    if (isBeside) {
      const lost = lostTokens(followed.json, model.tokenizer, target);
      unmapped.push(
        ...lost.map(({ key, token }) => ({ file, path: key, value: token, ids: [], isUnknown: false })),
      );
    }
    notes.push(...followed.notes.map((note) => `${file} ${note}`));
    for (const key of followed.usedOverrides) {
      unused.delete(key);
      unused.delete(`${file}:${key}`);
    }
  }
  if (unmapped.length > 0) throw unmappedError(unmapped);
  if (unused.size > 0) {
    throw new RevocabError("bad_options", `no config of the model has the key ${[...unused].join(", ")}`, {
      hint: "`tokenIds` takes a key as config.json writes it, such as image_token_id or text_config.eos_token_id",
    });
  }
  return { files, changes, notes };
}

/** The overrides for this file; `config.json:KEY` goes before KEY. */
function overridesOf(
  file: string,
  overrides: FollowConfigsOptions["overrides"],
): Readonly<Record<string, JsonValue>> {
  const entries = Object.entries(overrides);
  const isOfFile = (key: string) => /^[^:]+\.json:/.test(key);
  const own = entries
    .filter(([key]) => key.startsWith(`${file}:`))
    .map(([key, value]) => [key.slice(file.length + 1), value] as const);
  return Object.fromEntries([...entries.filter(([key]) => !isOfFile(key)), ...own]);
}

/**
 * An id that the user names must have a row, unless the key named one without before.
 * @throws RevocabError `bad_options`
 */
function refuseAnswersBeyondRows(
  file: string,
  before: JsonObject,
  { json, usedOverrides }: FollowedVocabulary,
  { model: { checkpoint }, rows, overrides }: FollowConfigsOptions,
): void {
  if (usedOverrides.length === 0) return;
  const known = listTokenIds(before, checkpoint.modelType, checkpoint.rows).beyond;
  for (const path of listTokenIds(json, checkpoint.modelType, rows).beyond) {
    const key = usedOverrides.find((one) => path === one || path.endsWith(`.${one}`));
    if (key === undefined || known.includes(path)) continue;
    const value = overridesOf(file, overrides)[key];
    throw new RevocabError(
      "bad_options",
      `\`tokenIds: ${key}=${value === "keep" ? value : quote(value)}\` names an id without a row in ${file}: the model gets ${rows} rows`,
      { hint: `name an id from 0 to ${rows - 1}` },
    );
  }
}

function tokenIdMap({ model, target, rows, editedFrom }: FollowConfigsOptions): TokenIdMap {
  const source = model.tokenizer.vocabulary;
  const { size } = source;
  // in an edit an id after all tokens stays: it is a padding row, or had no row before (a placeholder for pictures)
  const stays = (id: number) =>
    id >= Math.max(size, target.vocabulary.size) && (id < rows || id >= model.checkpoint.rows);
  let targetOf: Map<number, number> | undefined;
  return {
    isExact: editedFrom !== undefined,
    byRole: (role) => target.vocabulary.idOfRole(role),
    // computed when needed: most configs name roles only, and the alignment takes as long as that of the plan
    byOldId(id) {
      targetOf ??= invert(editedFrom ?? sourceOf(model.tokenizer, target));
      return targetOf.get(id) ?? (editedFrom !== undefined && stays(id) ? id : undefined);
    },
    kindOf(id) {
      if (id >= size || source.kindOf(id) === "unused") return undefined;
      return source.kindOf(id) === "special" ? "special" : "text";
    },
  };
}

function sourceOf(source: Tokenizer, target: Tokenizer): Int32Array {
  return alignVocabularies({ source: source.vocabulary, target: target.vocabulary }).sourceOf;
}

/** Source id → target id; ties go to the lowest target id. */
function invert(sourceOf: Int32Array): Map<number, number> {
  const targetOf = new Map<number, number>();
  for (let id = sourceOf.length - 1; id >= 0; id--) {
    const old = sourceOf[id] as number;
    if (old >= 0) targetOf.set(old, id);
  }
  return targetOf;
}

function unmappedError(unmapped: readonly (UnmappedValue & { file: string })[]): RevocabError {
  const known = unmapped.filter(({ isUnknown }) => !isUnknown);
  const unknown = unmapped.filter(({ isUnknown }) => isUnknown);
  const list = (values: typeof unmapped) =>
    values.map(({ file, path, value }) => `${file} ${path} = ${quote(value)}`).join(", ");
  const answers = unknown.map(({ path, likely }) =>
    likely === undefined ? `\`tokenIds: ${path}=ID\`` : `\`tokenIds: ${path}=${quote(likely)}\``,
  );
  return new RevocabError(
    "token_id_unmapped",
    [
      ...(known.length === 0 ? [] : [`the target tokenizer has no counterpart of ${list(known)}`]),
      ...(unknown.length === 0
        ? []
        : [`no model that revocab knows has ${list(unknown)}, which may name tokens of the old vocabulary`]),
    ].join("; "),
    {
      hint: [
        ...(known.length === 0
          ? []
          : [
              "name the new ids with `tokenIds: KEY=ID`, leave the old ones with KEY=keep, or add these tokens to the target tokenizer first",
            ]),
        ...(unknown.length === 0
          ? []
          : [
              `if it does: ${answers.join(" ")}; if it does not: ${unknown.map(({ path }) => `\`tokenIds: ${path}=keep\``).join(" ")}`,
            ]),
      ].join("; "),
    },
  );
}

function parseObject(text: string, file: string): JsonObject {
  const hint = "restore the file, or remove it: generation settings are optional";
  const value = parseJson(text, { origin: file, code: "bad_config", hint });
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new RevocabError("bad_config", `${file} is no JSON object`, { hint });
}

const PROCESSORS = ["processor_config.json", "preprocessor_config.json", "video_preprocessor_config.json"];

/** A config beside the model's own that may name tokens. */
export interface ConfigBeside {
  /** Path in the model folder. */
  readonly file: string;
  /** Whether its numbers of dimensions count tokens. */
  readonly isPerToken: boolean;
}

/**
 * The configs of processors and of sentence-transformers' modules. Ids in them follow the vocabulary as in config.json
 * (`image_token_id`, `true_token_id`, `keep_only_token_ids`), and tokens that they name must exist in the target.
 */
async function configsBeside(folder: InputFolder): Promise<readonly ConfigBeside[]> {
  const modules = (await sentenceModules(folder)).flatMap(({ path, type }) =>
    path === "" ? [] : [{ file: `${path}/config.json`, isPerToken: type.endsWith(".SpladePooling") }],
  );
  const processors = PROCESSORS.map((file) => ({ file, isPerToken: false }));
  return [...processors, ...modules];
}

/** A token that a config names by its string. */
export interface NamedToken {
  readonly key: string;
  readonly token: string;
}

/** Sizes that follow the vocabulary: SPLADE pools logits, so its output has an entry per token. */
function followDimensions(
  { isPerToken }: ConfigBeside,
  json: JsonObject,
  sourceRows: number,
  rows: number,
): readonly ConfigChange[] {
  const keys = ["embedding_dimension", "word_embedding_dimension"].filter((key) => json[key] === sourceRows);
  if (!isPerToken || sourceRows === rows) return [];
  return keys.map((key) => ({
    path: key,
    keys: [key],
    from: sourceRows,
    to: rows,
    reason: "the new number of rows",
  }));
}

/**
 * Tokens that a config names by their strings (`"image_token": "<image>"`) and that only the source tokenizer has as one token:
 * with the target the model would see the processor's text in pieces.
 */
function lostTokens(json: JsonValue, source: Tokenizer, target: Tokenizer): readonly NamedToken[] {
  const named = tokensIn(json);
  if (named.length === 0) return [];
  const [before, after] = [tokensOf(source), tokensOf(target)];
  return named.filter(({ token }) => before.has(token) && !after.has(token));
}

function tokensIn(json: JsonValue, path = ""): readonly NamedToken[] {
  if (!isJsonObject(json)) return [];
  return Object.entries(json).flatMap(([name, value = null]) => {
    const key = path === "" ? name : `${path}.${name}`;
    if (!/_tokens?$/.test(name)) return tokensIn(value, key);
    // an AddedToken is written as an object
    const content = isJsonObject(value) && typeof value.content === "string" ? value.content : value;
    return [content].flat().flatMap((token) => (typeof token === "string" ? [{ key, token }] : []));
  });
}

function tokensOf({ vocabulary }: Tokenizer): ReadonlySet<string> {
  return new Set(Array.from({ length: vocabulary.size }, (_, id) => vocabulary.tokenOf(id)));
}
