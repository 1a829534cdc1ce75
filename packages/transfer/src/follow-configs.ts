import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ConfigChange, followVocabulary, type JsonObject } from "@revocab/checkpoint";
import { RevocabError } from "@revocab/core";
import { alignVocabularies } from "@revocab/vocab-alignment";
import type { Tokenizer } from "@revocab/vocabulary";
import type { OpenModel } from "./open-model.ts";

/** The configs of the target model, by file name, and what changed in them. */
export interface FollowedConfigs {
  readonly files: ReadonlyMap<string, JsonObject>;
  readonly changes: readonly (ConfigChange & { readonly file: string })[];
}

/**
 * Rewrites config.json and generation_config.json for the target tokenizer: sizes and every token id.
 *
 * @throws RevocabError `token_id_unmapped` when an id the model needs has no counterpart
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
  const targetOf = invert(model.tokenizer, target);
  const tokenIds = {
    byRole: target.vocabulary.idOfRole,
    byOldId: (id: number) => targetOf.get(id),
  };
  const files = new Map<string, JsonObject>();
  const changes: (ConfigChange & { file: string })[] = [];
  const unmapped: string[] = [];
  for (const file of ["config.json", "generation_config.json"]) {
    const config = file === "config.json" ? model.checkpoint.config : await readJson(model, file);
    if (!config) continue;
    const followed = followVocabulary({
      config,
      modelType: model.checkpoint.modelType,
      oldRows: model.checkpoint.rows,
      rows,
      untie: untie && file === "config.json",
      tokenIds,
      overrides,
    });
    files.set(file, followed.json);
    changes.push(...followed.changes.map((change) => ({ ...change, file })));
    unmapped.push(...followed.unmapped.map(({ path, from }) => `${file} ${path} = ${from}`));
  }
  if (unmapped.length > 0) {
    throw new RevocabError(
      "token_id_unmapped",
      `the target tokenizer has no counterpart of ${unmapped.join(", ")}`,
      { hint: "name the new ids with --token-id KEY=ID, or add these tokens to the target tokenizer first" },
    );
  }
  return { files, changes };
}

/** Source id → target id, specials first matched by role, then the lowest id. */
function invert(source: Tokenizer, target: Tokenizer): Map<number, number> {
  const { sourceOf } = alignVocabularies({ source: source.vocabulary, target: target.vocabulary });
  const targetOf = new Map<number, number>();
  for (let id = sourceOf.length - 1; id >= 0; id--) {
    const old = sourceOf[id] as number;
    if (old >= 0) targetOf.set(old, id);
  }
  return targetOf;
}

async function readJson(model: OpenModel, file: string): Promise<JsonObject | undefined> {
  let text: string;
  try {
    text = await readFile(join(model.checkpoint.directory, file), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // the error below says it
  }
  throw new RevocabError("bad_config", `${file} is no JSON object`, {
    hint: "restore the file, or remove it: generation settings are optional",
  });
}
