import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ConfigChange, editJson, followVocabulary, type JsonObject } from "@revocab/checkpoint";
import { RevocabError } from "@revocab/core";
import { alignVocabularies } from "@revocab/vocab-alignment";
import type { Tokenizer } from "@revocab/vocabulary";
import type { OpenModel } from "./open-model.ts";

/** The configs of the target model as text, by file name, and what changed in them. */
export interface FollowedConfigs {
  readonly files: ReadonlyMap<string, string>;
  readonly changes: readonly (ConfigChange & { readonly file: string })[];
}

/**
 * Rewrites config.json and generation_config.json for the target tokenizer: sizes and every token id.
 *
 * @throws RevocabError `token_id_unmapped` when an id the model needs has no counterpart; `bad_options` for an
 *   override whose key no config has
 */
export async function followConfigs({
  model,
  target,
  rows,
  untie,
  overrides,
}: {
  model: OpenModel;
  target: Tokenizer;
  rows: number;
  untie: boolean;
  /** Ids the user names, by key: `{ image_token_id: 5 }`. */
  overrides: Readonly<Record<string, number>>;
}): Promise<FollowedConfigs> {
  let targetOf: Map<number, number> | undefined;
  const tokenIds = {
    byRole: (role: Parameters<typeof target.vocabulary.idOfRole>[0]) => target.vocabulary.idOfRole(role),
    // most configs name roles alone and need no second alignment, which takes as long as the first
    byOldId(id: number) {
      targetOf ??= invert(model.tokenizer, target);
      return targetOf.get(id);
    },
  };
  const { checkpoint } = model;
  const files = new Map<string, string>();
  const changes: (ConfigChange & { file: string })[] = [];
  const unmapped: string[] = [];
  const unused = new Set(Object.keys(overrides));
  for (const file of ["config.json", "generation_config.json"]) {
    const text = await readText(checkpoint.directory, file);
    if (text === undefined) continue;
    const followed = followVocabulary({
      json: parseObject(text, file),
      sourceRows: checkpoint.rows,
      rows,
      untie: untie && file === "config.json",
      tokenIds,
      overrides,
    });
    files.set(file, editJson(text, followed.changes));
    changes.push(...followed.changes.map((change) => ({ file, ...change })));
    unmapped.push(
      ...followed.unmapped.map(({ path, value }) => `${file} ${path} = ${JSON.stringify(value)}`),
    );
    for (const key of followed.usedOverrides) unused.delete(key);
  }
  if (unmapped.length > 0) {
    throw new RevocabError(
      "token_id_unmapped",
      `the target tokenizer has no counterpart of ${unmapped.join(", ")}`,
      {
        hint: "name the new ids with --token-id KEY=ID, or add these tokens to the target tokenizer first",
      },
    );
  }
  if (unused.size > 0) {
    throw new RevocabError("bad_options", `no config of the model has the key ${[...unused].join(", ")}`, {
      hint: "--token-id takes a key as config.json writes it, such as image_token_id",
    });
  }
  return { files, changes };
}

/** Source id → target id; several target tokens of one source token: the lowest. */
function invert(source: Tokenizer, target: Tokenizer): Map<number, number> {
  const { sourceOf } = alignVocabularies({ source: source.vocabulary, target: target.vocabulary });
  const targetOf = new Map<number, number>();
  for (let id = sourceOf.length - 1; id >= 0; id--) {
    const old = sourceOf[id] as number;
    if (old >= 0) targetOf.set(old, id);
  }
  return targetOf;
}

async function readText(directory: string, file: string): Promise<string | undefined> {
  try {
    return await readFile(join(directory, file), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function parseObject(text: string, file: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // the error below says it
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new RevocabError("bad_config", `${file} is no JSON object`, {
    hint: "restore the file, or remove it: generation settings are optional",
  });
}
