import { join } from "node:path";
import { quote, RevocabError, showText } from "@revocab/core";
import { InputFolder } from "@revocab/files";
import { type FileSource, localFiles } from "./file-source.ts";
import {
  describeJson,
  isJsonObject,
  type JsonObject,
  MAX_JSON_BYTES,
  parseJson,
  readJsonObject,
} from "./json.ts";
import { readSafetensorsHeader, type SafetensorsFile } from "./safetensors-header.ts";
import { type SentenceModule, sentenceModules } from "./sentence-modules.ts";

export const INDEX_NAME = "model.safetensors.index.json";
const SINGLE_NAME = "model.safetensors";

/** The weights of a model: its safetensors files and, where there are several, their index. */
export interface WeightFiles {
  readonly files: readonly SafetensorsFile[];
  readonly index: JsonObject | undefined;
}

/**
 * Finds the weights as the transformers library does: `model.safetensors`, else the files that
 * `model.safetensors.index.json` names; reads and checks their headers.
 * @param folder remembers the files
 * @throws RevocabError `missing_file`, `bad_safetensors`, `unsupported_checkpoint` (other formats only).
 */
export async function readWeightFiles(
  directory: string,
  source: FileSource = localFiles,
  folder: InputFolder = new InputFolder(directory),
): Promise<WeightFiles> {
  const names = await source.list(directory);
  const read = async (name: string) => {
    const file = await readSafetensorsHeader(join(directory, name), source);
    if (file.mark !== undefined) folder.remember(name, file.mark);
    return file;
  };
  if (names.includes(SINGLE_NAME)) return { files: [await read(SINGLE_NAME)], index: undefined };
  if (!names.includes(INDEX_NAME)) {
    await refusePartialModel(folder, names);
    throw noSafetensors(directory, names);
  }

  const path = join(directory, INDEX_NAME);
  const { json: index } = await readJsonObject(
    folder,
    INDEX_NAME,
    "bad_safetensors",
    "download the index again",
  );
  const shardOf = readWeightMap(index, path);
  const shards = [...new Set(shardOf.values())].sort();
  const missing = shards.filter((shard) => !names.includes(shard));
  if (missing.length > 0) {
    throw new RevocabError(
      "missing_file",
      `${showText(path)} names ${shards.length} files; ${missing.length} are missing: ${showText(missing.slice(0, 5).join(", "), 300)}`,
      { hint: "the download was not complete: download the missing files" },
    );
  }
  const files = await mapFew(shards, read);
  checkAgreement(files, shardOf, path);
  return { files, index };
}

/** A few at a time keep a disk or a connection busy, and hundreds of shards do not take every file a process may open. */
async function mapFew<Item, Result>(
  items: readonly Item[],
  use: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const i = next++;
      results[i] = await use(items[i]!);
    }
  };
  try {
    await Promise.all(Array.from({ length: 16 }, work));
  } finally {
    next = items.length; // after a failure the others begin nothing more
  }
  return results;
}

function noSafetensors(directory: string, names: readonly string[]): RevocabError {
  const pickled = names.filter((name) => /\.(bin|pt|pth|ckpt)$/.test(name));
  const others = names.filter((name) => /\.(h5|msgpack|gguf|onnx|safetensors)$/.test(name));
  if (pickled.length > 0) {
    return new RevocabError(
      "unsupported_checkpoint",
      `${showText(directory)} holds its weights as ${showText(pickled[0], 200)} (pickled Python objects, which can run code when read); ` +
        "safetensors were expected",
      {
        hint:
          'convert it where you trust it: python -c "from transformers import AutoModel as A; ' +
          "A.from_pretrained('MODEL').save_pretrained('OUT')\" with the model's own Auto class " +
          "(AutoModelForCausalLM, …), which writes model.safetensors; then copy the tokenizer files",
      },
    );
  }
  if (others.length > 0) {
    return new RevocabError(
      "unsupported_checkpoint",
      `${showText(directory)} holds ${showText(others.slice(0, 3).join(", "), 300)}, but neither ${SINGLE_NAME} nor ${INDEX_NAME}`,
      { hint: `save the model with transformers' save_pretrained, which writes ${SINGLE_NAME}` },
    );
  }
  const parts = names.filter((name) => /^\d+_StaticEmbedding$/.test(name));
  if (parts.length > 0) {
    return new RevocabError(
      "missing_file",
      `${showText(directory)} is a model of sentence-transformers, whose table and tokenizer are in its folder ${showText(parts[0], 200)}`,
      { hint: `give ${showText(directory)}/${showText(parts[0], 200)}, and put the result in its place` },
    );
  }
  return new RevocabError(
    "missing_file",
    `${showText(directory)} holds neither ${SINGLE_NAME} nor ${INDEX_NAME}`,
    {
      hint: "give the folder of a model: config.json and *.safetensors",
    },
  );
}

function readWeightMap(index: JsonObject, path: string): ReadonlyMap<string, string> {
  const map = index.weight_map;
  if (!isJsonObject(map)) bad(path, `has ${describeJson(map)} as weight_map; an object was expected`);
  const shardOf = new Map<string, string>();
  for (const [tensor, shard] of Object.entries(map)) {
    if (typeof shard !== "string" || !isPlainName(shard)) {
      bad(
        path,
        `names ${quote(shard)} for ${showText(tensor, 200)}; the name of a file in the same folder was expected`,
      );
    }
    shardOf.set(tensor, shard);
  }
  if (shardOf.size === 0) bad(path, "names no tensor");
  return shardOf;
}

function isPlainName(name: string): boolean {
  return /^[^/\\\0:]+\.safetensors$/.test(name) && !name.startsWith(".");
}

function checkAgreement(
  files: readonly SafetensorsFile[],
  shardOf: ReadonlyMap<string, string>,
  path: string,
): void {
  const seen = new Set<string>();
  for (const file of files) {
    for (const { name } of file.tensors) {
      if (shardOf.get(name) === undefined)
        bad(path, `does not list the tensor ${showText(name, 200)}, which is in ${showText(file.name, 200)}`);
      if (seen.has(name)) bad(path, `covers files that hold the tensor ${showText(name, 200)} twice`);
      if (shardOf.get(name) !== file.name) {
        bad(
          path,
          `says that ${showText(name, 200)} is in ${showText(shardOf.get(name)!, 200)}, but it is in ${showText(file.name, 200)}`,
        );
      }
      seen.add(name);
    }
  }
  for (const [name, shard] of shardOf) {
    if (!seen.has(name))
      bad(path, `says that ${showText(name, 200)} is in ${showText(shard, 200)}, which does not hold it`);
  }
}

function bad(path: string, what: string): never {
  throw new RevocabError("bad_safetensors", `${showText(path)} ${what}`, {
    hint: "index and files belong to different versions of the model, or are damaged: download both again",
  });
}

/**
 * Refuses, by what they are, folders that opened with the model elsewhere but hold none: an adapter without its base, and
 * a sentence-transformers model whose transformer lies in a folder of its own. Returns for any other.
 *
 * @param names the files of the folder
 * @throws RevocabError `unsupported_checkpoint`
 */
async function refusePartialModel(folder: InputFolder, names: readonly string[]): Promise<void> {
  const directory = showText(folder.path);
  if (names.includes("adapter_config.json")) {
    const base = await baseOf(folder);
    const load = `AutoModelForCausalLM.from_pretrained('${base ?? "BASE"}')`;
    throw new RevocabError(
      "unsupported_checkpoint",
      `${directory} is an adapter (adapter_config.json)${base === undefined ? "" : ` of ${base}`}, not a model: it holds no weights of its base`,
      {
        hint:
          `merge it first: python -c "from transformers import AutoModelForCausalLM; from peft import PeftModel; ` +
          `PeftModel.from_pretrained(${load}, '${directory}').merge_and_unload().save_pretrained('MERGED')", and copy the ` +
          `tokenizer files to MERGED; or swap the base and rewrite the adapter by the same plan with \`applySavedPlan\` and \`adapter: ${directory}\``,
      },
    );
  }
  if (!names.includes("modules.json")) return;
  let inFolder: SentenceModule | undefined;
  for (const module of await sentenceModules(folder)) {
    if (!/Transformer$/.test(module.path)) continue;
    if (!(await folder.has(join(module.path, "config.json")))) continue;
    inFolder = module;
    break;
  }
  if (inFolder === undefined) return;
  throw new RevocabError(
    "unsupported_checkpoint",
    `${directory} is a sentence-transformers model whose transformer lies in ${inFolder.path}; a folder with config.json and model.safetensors was expected`,
    {
      hint: `give ${join(directory, inFolder.path)} as the model; then copy ${directory} and put the result in the place of its ${inFolder.path}`,
    },
  );
}

async function baseOf(folder: InputFolder): Promise<string | undefined> {
  try {
    const path = join(folder.path, "adapter_config.json");
    const bytes = await folder.read("adapter_config.json", { most: MAX_JSON_BYTES });
    const config = parseJson(bytes.toString("utf8"), path, "bad_config", "");
    const base = (config as Record<string, unknown> | null)?.base_model_name_or_path;
    return typeof base === "string" && base !== "" ? showText(base, 200) : undefined;
  } catch {
    return undefined; // the message does without the name
  }
}
