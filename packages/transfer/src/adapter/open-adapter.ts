import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type JsonObject, readSafetensorsHeader, type SafetensorsFile } from "@revocab/checkpoint";
import { readJsonObject } from "@revocab/checkpoint/internal";
import { RevocabError, showText } from "@revocab/core";
import { InputFolder } from "@revocab/files";
import { namingFile } from "@revocab/files/internal";

export const ADAPTER_CONFIG = "adapter_config.json";
export const ADAPTER_WEIGHTS = "adapter_model.safetensors";

/** A PEFT adapter: its config, and the header of its weights. */
export interface Adapter {
  readonly directory: string;
  /** Remembers the files that were read, so that a change is seen. */
  readonly folder: InputFolder;
  readonly config: JsonObject;
  /** The text of adapter_config.json. */
  readonly configText: string;
  readonly file: SafetensorsFile;
}

/**
 * Opens the adapter in a folder; undefined where the folder holds none.
 * @throws RevocabError `bad_config`, `bad_safetensors`, `missing_file`; `unsupported_checkpoint` for pickled weights
 */
export function openAdapter(directory: string): Promise<Adapter | undefined> {
  return namingFile(directory, "bad_config", () => readAdapter(directory));
}

async function readAdapter(directory: string): Promise<Adapter | undefined> {
  const names = await readdir(directory).catch((): string[] => []);
  if (!names.includes(ADAPTER_CONFIG)) return undefined;
  if (!names.includes(ADAPTER_WEIGHTS)) {
    throw names.includes("adapter_model.bin")
      ? new RevocabError(
          "unsupported_checkpoint",
          `${showText(directory)} holds its adapter as adapter_model.bin (pickled Python objects, which can run code when read); ${ADAPTER_WEIGHTS} was expected`,
          {
            hint: "open it where you trust it with peft, and save it with save_pretrained, which writes safetensors",
          },
        )
      : new RevocabError(
          "missing_file",
          `${showText(directory)} holds ${ADAPTER_CONFIG}, but no ${ADAPTER_WEIGHTS}`,
          {
            hint: `download it completely, or remove ${ADAPTER_CONFIG}: a config without its weights is no adapter`,
          },
        );
  }
  const folder = new InputFolder(directory);
  const { json, text } = await readJsonObject(
    folder,
    ADAPTER_CONFIG,
    "bad_config",
    "save the adapter again with peft",
  );
  const file = await readSafetensorsHeader(join(directory, ADAPTER_WEIGHTS));
  if (file.mark !== undefined) folder.remember(ADAPTER_WEIGHTS, file.mark);
  return { directory, folder, config: json, configText: text, file };
}

/** The error of an adapter with a tensor or setting per token that no plan can rewrite. */
export function refuseAdapter({ config, directory }: Adapter, what: string): RevocabError {
  return new RevocabError(
    "unsupported_checkpoint",
    `the adapter ${directory} (${String(config.peft_type)}) cannot follow the vocabulary: ${what}`,
    { hint: "merge it into its base first (peft: merge_and_unload), and swap the merged model" },
  );
}
