import { existsSync } from "node:fs";
import { join } from "node:path";
import { RevocabError, showText } from "@revocab/core";
import type { InputFolder } from "@revocab/files";
import { MAX_JSON_BYTES, parseJson } from "./json.ts";
import { sentenceModules } from "./sentence-modules.ts";

/**
 * Refuses, by what they are, folders that opened with the model elsewhere but hold none: an adapter without its base, and
 * a sentence-transformers model whose transformer lies in a folder of its own. Returns for any other.
 *
 * @param names the files of the folder
 * @throws RevocabError `unsupported_checkpoint`
 */
export async function refusePartialModel(folder: InputFolder, names: readonly string[]): Promise<void> {
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
          `tokenizer files to MERGED; or swap the base and rewrite the adapter by the same plan: revocab apply PLAN --adapter ${directory}`,
      },
    );
  }
  if (!names.includes("modules.json")) return;
  const inFolder = (await sentenceModules(folder)).find(
    ({ path }) => existsSync(join(folder.path, path, "config.json")) && /Transformer$/.test(path),
  );
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
