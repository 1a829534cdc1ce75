import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type ConfigChange,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  sentenceModules,
} from "@revocab/checkpoint";
import type { InputFolder } from "@revocab/files";
import type { Tokenizer } from "@revocab/vocabulary";

const PROCESSORS = ["processor_config.json", "preprocessor_config.json", "video_preprocessor_config.json"];

/** A config beside the model's own that may name tokens. */
export interface ConfigBeside {
  /** Path in the model folder. */
  readonly file: string;
  /** Its numbers of dimensions are numbers of tokens. */
  readonly isPerToken: boolean;
}

/**
 * The configs of processors and of sentence-transformers' modules: ids in them follow the vocabulary as those in config.json
 * do (`image_token_id`, `true_token_id`, `keep_only_token_ids`), and tokens that they name have to be there.
 */
export async function configsBeside(folder: InputFolder): Promise<readonly ConfigBeside[]> {
  const modules = (await sentenceModules(folder)).flatMap(({ path, type }) =>
    path === "" ? [] : [{ file: `${path}/config.json`, isPerToken: type.endsWith(".SpladePooling") }],
  );
  const processors = PROCESSORS.map((file) => ({ file, isPerToken: false }));
  return [...processors, ...modules].filter(({ file }) => existsSync(join(folder.path, file)));
}

/** A token that a config names by its string. */
export interface NamedToken {
  readonly key: string;
  readonly token: string;
}

/** SPLADE pools logits: the size of its output is that of the vocabulary. */
export function followDimensions(
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
 * Tokens that a config names by their strings (`"image_token": "<image>"`), which the source tokenizer has as one token and
 * the target has not: the processor would write a text that the model never sees as that token.
 */
export function lostTokens(json: JsonValue, source: Tokenizer, target: Tokenizer): readonly NamedToken[] {
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
