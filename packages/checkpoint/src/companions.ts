import { copyFile, mkdir, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeError } from "./output-file.ts";

export interface CompanionFiles {
  /** Paths inside the folder that a rewritten model keeps, as they are. */
  readonly carried: readonly string[];
  readonly left: readonly { readonly name: string; readonly reason: string }[];
}

/** Written anew by whoever rewrites the model. */
const REWRITTEN = new Set(["config.json", "generation_config.json", "revocab.json", "README.md"]);
/** Copies of the model in other formats, and the traces of its training. */
const STALE_FOLDERS = /^(onnx|openvino|coreml|gguf|original|runs|checkpoint-\d+)$/;
const STALE_FILES = new Set(["params.json", "trainer_state.json"]);
const STALE_WEIGHTS =
  /\.(safetensors|bin|pt|pth|ckpt|h5|msgpack|onnx|onnx_data|gguf|ggml|tflite|mlmodel|ot|npz|pkl|pickle|engine|xml)$|\.(safetensors|bin)\.index\.json$/i;
const MAX_DEPTH = 4;

/**
 * Sorts the other files of a model folder: which stay true when the vocabulary changes, and which do not.
 *
 * Left behind: weights in any format (a stale pytorch_model.bin or .onnx would still have the old vocabulary), the
 * tokenizer files the caller names, hidden files (.git, .cache), and what is written anew (configs, and README.md, the
 * model card). Everything else is carried: licences, preprocessor_config.json, and custom code (*.py), which
 * `auto_map` may name and which is copied as text, never run. Links to files are followed (the hub's cache is made of them).
 */
export async function listCompanions(
  directory: string,
  tokenizerFiles: Iterable<string>,
): Promise<CompanionFiles> {
  const replaced = new Set(tokenizerFiles);
  const carried: string[] = [];
  const left: { name: string; reason: string }[] = [];
  const visit = async (folder: string, depth: number): Promise<void> => {
    const entries = await readdir(join(directory, folder), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const isFile = await isFileOrLinkToOne(join(directory, name));
      const reason = reasonToLeave(name, entry.name, replaced);
      if (reason !== undefined) left.push({ name, reason });
      else if (isFile) carried.push(name);
      else if (entry.isDirectory() && depth < MAX_DEPTH) await visit(name, depth + 1);
      else left.push({ name, reason: "no ordinary file" });
    }
  };
  await visit("", 0);
  return { carried, left };
}

/**
 * Copies the files that {@link listCompanions} carries into `out`.
 * @throws RevocabError `no_space`, `write_failed`
 */
export async function copyCompanions(
  directory: string,
  out: string,
  tokenizerFiles: Iterable<string>,
): Promise<CompanionFiles> {
  const companions = await listCompanions(directory, tokenizerFiles);
  for (const name of companions.carried) {
    const target = join(out, name);
    try {
      await mkdir(dirname(target), { recursive: true });
      await copyFile(join(directory, name), target);
    } catch (cause) {
      throw writeError(target, cause);
    }
  }
  return companions;
}

async function isFileOrLinkToOne(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

function reasonToLeave(path: string, name: string, replaced: ReadonlySet<string>): string | undefined {
  if (name.startsWith(".")) return "hidden";
  if (REWRITTEN.has(path)) return "written anew";
  if (replaced.has(name)) return "belongs to the old tokenizer";
  if (STALE_FOLDERS.test(path) || STALE_FILES.has(path)) return "describes or holds the old model";
  if (STALE_WEIGHTS.test(name)) return "weights with the old vocabulary";
  return undefined;
}
