import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type JsonObject,
  readJsonObject,
  readSafetensorsHeader,
  type SafetensorsFile,
} from "@revocab/checkpoint";
import { RevocabError } from "@revocab/core";
import { readingFile } from "@revocab/files";

export const ADAPTER_CONFIG = "adapter_config.json";
export const ADAPTER_WEIGHTS = "adapter_model.safetensors";

/** A PEFT adapter whose header has been read: what was trained, on which modules. */
export interface Adapter {
  readonly directory: string;
  readonly config: JsonObject;
  /** adapter_config.json as it is written. */
  readonly configText: string;
  readonly file: SafetensorsFile;
}

/**
 * Opens the adapter in a folder; undefined where the folder holds none.
 * @throws RevocabError `bad_config`, `bad_safetensors`, `missing_file`; `unsupported_checkpoint` for pickled weights
 */
export function openAdapter(directory: string): Promise<Adapter | undefined> {
  return readingFile(directory, "bad_config", () => readAdapter(directory));
}

async function readAdapter(directory: string): Promise<Adapter | undefined> {
  const names = await readdir(directory).catch((): string[] => []);
  if (!names.includes(ADAPTER_CONFIG)) return undefined;
  if (!names.includes(ADAPTER_WEIGHTS)) {
    throw names.includes("adapter_model.bin")
      ? new RevocabError(
          "unsupported_checkpoint",
          `${directory} holds its adapter as adapter_model.bin (pickled Python objects, which can run code when read); ${ADAPTER_WEIGHTS} was expected`,
          {
            hint: "open it where you trust it with peft, and save it with save_pretrained, which writes safetensors",
          },
        )
      : new RevocabError("missing_file", `${directory} holds ${ADAPTER_CONFIG}, but no ${ADAPTER_WEIGHTS}`, {
          hint: `download it completely, or remove ${ADAPTER_CONFIG}: a config without its weights is no adapter`,
        });
  }
  const { json, text } = await readJsonObject(
    join(directory, ADAPTER_CONFIG),
    "bad_config",
    "save the adapter again with peft",
  );
  return {
    directory,
    config: json,
    configText: text,
    file: await readSafetensorsHeader(join(directory, ADAPTER_WEIGHTS)),
  };
}
